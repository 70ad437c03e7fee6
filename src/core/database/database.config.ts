import { z } from 'zod';
import { type ConfigOf, defineConfig, setting, urlOf, wholeNumber } from '../config/index.js';

export const databaseConfig = defineConfig('database', {
  url: setting(
    'DATABASE_URL',
    urlOf(['postgres', 'postgresql'], 'postgres://user:password@host:5432/gleaner'),
    'where PostgreSQL is',
    { secret: true },
  ),
  pooler: setting(
    'DATABASE_POOLER',
    z.enum(['none', 'transaction'], 'expected none or transaction').default('none'),
    'what stands between: none, or a pooler such as PgBouncer that lends a connection for one transaction',
  ),
  poolMax: setting(
    'DATABASE_POOL_MAX',
    wholeNumber(2, 200).optional(),
    'connections a process may hold; unless set 10 as api, 15 as worker, 3 as scheduler, 20 as all',
  ),
  statementTimeoutMs: setting(
    'DATABASE_STATEMENT_TIMEOUT_MS',
    wholeNumber(100, 600_000).optional(),
    'milliseconds after which a statement is cancelled; unless set 5000 as api, 30000 as worker, else 10000',
  ),
  idleTransactionTimeoutMs: setting(
    'DATABASE_IDLE_TRANSACTION_TIMEOUT_MS',
    wholeNumber(100, 600_000).optional(),
    'milliseconds after which PostgreSQL ends a transaction whose process says nothing; unless set 3000 as api, else 5000',
  ),
  slowQueryMs: setting(
    'DATABASE_SLOW_QUERY_MS',
    wholeNumber(1, 600_000).default(100),
    'milliseconds above which a statement is logged as slow',
  ),
});

export type DatabaseConfig = ConfigOf<typeof databaseConfig>;
