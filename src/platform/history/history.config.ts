import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';

export const historyConfig = defineConfig('history', {
  taskRetentionDays: setting(
    'TASK_RETENTION_DAYS',
    wholeNumber(1, 3650).default(14),
    'days for which tasks that succeeded, expired or were revoked are kept',
  ),
  failedRetentionDays: setting(
    'TASK_FAILED_RETENTION_DAYS',
    wholeNumber(1, 3650).default(60),
    'days for which tasks that failed are kept',
  ),
  deadLetterRetentionDays: setting(
    'DEAD_LETTER_RETENTION_DAYS',
    wholeNumber(1, 3650).default(90),
    'days for which dead letters can be repeated',
  ),
});

export type HistoryConfig = ConfigOf<typeof historyConfig>;
