import { type ConfigOf, defineConfig, setting, urlOf, wholeNumber } from '../config/index.js';

export const databaseConfig = defineConfig('database', {
  url: setting(
    'DATABASE_URL',
    urlOf(['postgres', 'postgresql'], 'postgres://user:password@host:5432/gleaner'),
    'where PostgreSQL is',
    { secret: true },
  ),
  poolMax: setting('DATABASE_POOL_MAX', wholeNumber(2, 200).default(10), 'connections a process may hold'),
  statementTimeoutMs: setting(
    'DATABASE_STATEMENT_TIMEOUT_MS',
    wholeNumber(100, 600_000).default(10_000),
    'milliseconds after which PostgreSQL cancels a statement',
  ),
  idleTransactionTimeoutMs: setting(
    'DATABASE_IDLE_TRANSACTION_TIMEOUT_MS',
    wholeNumber(100, 600_000).default(5000),
    'milliseconds after which PostgreSQL ends a transaction whose process says nothing; below the statement time-out',
  ),
  slowQueryMs: setting(
    'DATABASE_SLOW_QUERY_MS',
    wholeNumber(1, 600_000).default(100),
    'milliseconds above which a statement is logged as slow',
  ),
});

export type DatabaseConfig = ConfigOf<typeof databaseConfig>;
