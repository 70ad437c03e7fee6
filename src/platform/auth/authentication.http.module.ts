import { Module } from '@nestjs/common';
import { AuthModule } from './auth.module.js';
import { Authentication } from './authentication.js';
import { KeyVerifier } from './key-verifier.js';
import { LastUsed } from './last-used.js';

/** Who asks. */
@Module({
  imports: [AuthModule],
  providers: [Authentication, KeyVerifier, LastUsed],
  exports: [Authentication],
})
export class AuthenticationHttpModule {}
