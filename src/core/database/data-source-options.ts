import type pg from 'pg';
import type { DataSourceOptions } from 'typeorm';
import type { DatabaseConfig } from './database.config.js';
import { SnakeNamingStrategy } from './snake-naming.strategy.js';

/**
 * What every connection to PostgreSQL has in common; entities and migrations are added by the caller.
 * @param client what connections are made of; default: the driver's own.
 */
export function dataSourceOptions(config: DatabaseConfig, client?: typeof pg.Client): DataSourceOptions {
  return {
    type: 'postgres',
    url: config.url,
    applicationName: 'gleaner',
    namingStrategy: new SnakeNamingStrategy(),
    // Never on: a table is changed by a migration that somebody read.
    synchronize: false,
    poolSize: config.poolMax,
    connectTimeoutMS: 5000,
    extra: {
      ...(client && { Client: client }),
      statement_timeout: config.statementTimeoutMs,
      // A worker that freezes inside a transaction would keep its locks, and those who take over would wait in vain.
      idle_in_transaction_session_timeout: config.idleTransactionTimeoutMs,
    },
  };
}
