import { Module } from '@nestjs/common';
import { AuditLog } from './audit-log.js';
import { AuthModule } from './auth.module.js';
import { authMetricProviders } from './auth.metrics.js';
import { Authentication } from './authentication.js';
import { FailedAttempts } from './failed-attempts.js';
import { FirstKey, OPERATORS_TERMINAL } from './first-key.js';
import { KeyVerifier } from './key-verifier.js';
import { LastUsed } from './last-used.js';

/** Who asks. */
@Module({
  imports: [AuthModule],
  providers: [
    Authentication,
    KeyVerifier,
    FailedAttempts,
    LastUsed,
    AuditLog,
    FirstKey,
    { provide: OPERATORS_TERMINAL, useValue: process.stderr },
    ...authMetricProviders,
  ],
  exports: [Authentication],
})
export class AuthenticationHttpModule {}
