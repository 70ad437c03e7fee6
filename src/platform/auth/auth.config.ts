import { z } from 'zod';
import { type ConfigOf, defineConfig, flag, setting, wholeNumber } from '../../core/config/index.js';

export const authConfig = defineConfig('auth', {
  publicReads: setting(
    'API_PUBLIC_READS',
    flag().default(true),
    'whether reading needs no key; if it does, shared caches are told not to keep answers',
  ),
  firstKeyFile: setting(
    'FIRST_KEY_FILE',
    z.string().optional(),
    'file that is made with the first admin key, when there is no key at all; - for standard error, as on a terminal',
  ),
  failureLimit: setting(
    'AUTH_FAILURE_LIMIT',
    wholeNumber(1, 1_000_000).default(20),
    'presented keys that open nothing, per network and period, above which further ones are not looked at',
  ),
  failurePeriodSeconds: setting(
    'AUTH_FAILURE_PERIOD_SECONDS',
    wholeNumber(1, 86_400).default(300),
    'seconds of that period',
  ),
  auditRetentionDays: setting(
    'AUDIT_RETENTION_DAYS',
    wholeNumber(1, 3650).default(90),
    'days that audit entries are kept',
  ),
});

export type AuthConfig = ConfigOf<typeof authConfig>;
