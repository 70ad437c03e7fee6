import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApiKey } from './api-key.entity.js';
import { ApiKeys } from './api-keys.service.js';
import { AuditTrimmer } from './audit-trimmer.js';
import { AuditEntry } from './audit-entry.entity.js';
import { CommandAudit } from './command-audit.js';

/** API keys and what was done with them. */
@Module({
  imports: [TypeOrmModule.forFeature([ApiKey, AuditEntry])],
  providers: [ApiKeys, AuditTrimmer, CommandAudit],
  exports: [ApiKeys, CommandAudit, TypeOrmModule],
})
export class AuthModule {}
