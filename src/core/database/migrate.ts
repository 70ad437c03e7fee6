import type { DataSource } from 'typeorm';

/** Any number that nothing else in this database locks on; the letters "glea" as a 32-bit integer. */
const MIGRATION_LOCK = 0x676c_6561;

/**
 * Applies the pending migrations, each in a transaction of its own. Safe when several processes call it at once:
 * one works, the others wait for it and then find nothing to do.
 * @returns the names of the migrations that this call applied.
 */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  const holder = dataSource.createQueryRunner();
  await holder.startTransaction();
  try {
    // Waiting for another process's migration is not a slow statement, and holding the lock is not being idle.
    await holder.query(
      `SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`,
    );
    // A lock of the transaction, not of the session: behind a pooler the session is not ours.
    await holder.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const applied = await dataSource.runMigrations({ transaction: 'each' });
    return applied.map((migration) => migration.name);
  } finally {
    await holder.rollbackTransaction();
    await holder.release();
  }
}
