import type pg from 'pg';
import type { DataSourceOptions } from 'typeorm';
import type { DatabaseLimits } from './database-limits.js';
import type { DatabaseConfig } from './database.config.js';
import { SnakeNamingStrategy } from './snake-naming.strategy.js';

/**
 * What every connection to PostgreSQL has in common; entities and migrations are added by the caller.
 * @param client what connections are made of; default: the driver's own.
 */
export function dataSourceOptions(
  config: DatabaseConfig,
  limits: DatabaseLimits,
  client?: typeof pg.Client,
): DataSourceOptions {
  return {
    type: 'postgres',
    url: config.url,
    applicationName: 'gleaner',
    namingStrategy: new SnakeNamingStrategy(),
    // Never on: a table is changed by a migration that somebody read.
    synchronize: false,
    poolSize: limits.poolMax,
    connectTimeoutMS: limits.connectTimeoutMs,
    extra: {
      ...(client && { Client: client }),
      // A half-open connection, of a host that is gone, is noticed without anybody asking.
      keepAlive: true,
      // Parameters of the session: a pooler, whose sessions are not ours, refuses them. See `Transactions`.
      ...(!limits.pooled && {
        statement_timeout: limits.statementTimeoutMs,
        // A worker that freezes inside a transaction would keep its locks, and those who take over would wait in vain.
        idle_in_transaction_session_timeout: limits.idleTransactionTimeoutMs,
      }),
    },
  };
}
