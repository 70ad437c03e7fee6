import type { DatabaseConfig } from './database.config.js';

/** How much of the database one process may take. */
export interface DatabaseLimits {
  poolMax: number;
  /** Milliseconds to get a connection, from the pool or anew. */
  connectTimeoutMs: number;
  /** Milliseconds a statement may take; 0: as long as it likes. */
  statementTimeoutMs: number;
  /** Milliseconds a transaction may wait for its process; 0: as long as it likes. */
  idleTransactionTimeoutMs: number;
  /** Whether connections of the server are lent for one transaction at a time, so that sessions keep nothing. */
  pooled: boolean;
}

export type DatabaseMode = 'api' | 'worker' | 'scheduler' | 'all' | 'isolated' | 'cli' | 'migrate';

/** Injection token of the process's {@link DatabaseLimits}. */
export const DATABASE_LIMITS = Symbol('DATABASE_LIMITS');

/**
 * What fits what a mode does, unless it is configured. Readers would rather be refused than wait; a worker stores in
 * bulk, and may wait for the row of a run until the transaction of a frozen process has been ended; migrating takes
 * the time it takes.
 */
const BY_MODE: Readonly<Record<DatabaseMode, Omit<DatabaseLimits, 'pooled'>>> = {
  api: { poolMax: 10, connectTimeoutMs: 3000, statementTimeoutMs: 5000, idleTransactionTimeoutMs: 3000 },
  worker: {
    poolMax: 15,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 30_000,
    idleTransactionTimeoutMs: 5000,
  },
  scheduler: {
    poolMax: 3,
    connectTimeoutMs: 5000,
    statementTimeoutMs: 10_000,
    idleTransactionTimeoutMs: 5000,
  },
  all: { poolMax: 20, connectTimeoutMs: 3000, statementTimeoutMs: 10_000, idleTransactionTimeoutMs: 5000 },
  // A process of one task.
  isolated: {
    poolMax: 3,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 30_000,
    idleTransactionTimeoutMs: 5000,
  },
  // Somebody waits for it.
  cli: { poolMax: 3, connectTimeoutMs: 5000, statementTimeoutMs: 30_000, idleTransactionTimeoutMs: 5000 },
  migrate: { poolMax: 3, connectTimeoutMs: 10_000, statementTimeoutMs: 0, idleTransactionTimeoutMs: 0 },
};

/** The limits of a mode, where the configuration does not say otherwise; migrating is not bounded by it. */
export function limitsOf(mode: DatabaseMode, config: DatabaseConfig): DatabaseLimits {
  const limits = { ...BY_MODE[mode], pooled: config.pooler === 'transaction' };
  if (mode === 'migrate') return limits;
  return {
    ...limits,
    poolMax: config.poolMax ?? limits.poolMax,
    statementTimeoutMs: config.statementTimeoutMs ?? limits.statementTimeoutMs,
    idleTransactionTimeoutMs: config.idleTransactionTimeoutMs ?? limits.idleTransactionTimeoutMs,
  };
}
