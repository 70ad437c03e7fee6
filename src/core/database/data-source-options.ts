import type { DataSourceOptions } from 'typeorm';
import type { DatabaseConfig } from './database.config.js';
import { SnakeNamingStrategy } from './snake-naming.strategy.js';

/** What every connection to PostgreSQL has in common; entities and migrations are added by the caller. */
export function dataSourceOptions(config: DatabaseConfig): DataSourceOptions {
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
      statement_timeout: config.statementTimeoutMs,
      // A worker that freezes inside a transaction would keep its locks, and those who take over would wait in vain.
      idle_in_transaction_session_timeout: config.idleTransactionTimeoutMs,
    },
  };
}
