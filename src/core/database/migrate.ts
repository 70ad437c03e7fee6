import { type DataSource, MigrationExecutor } from 'typeorm';

/** Any number that nothing else in this database locks on; the letters "glea" as a 32-bit integer. */
const MIGRATION_LOCK = 0x676c_6561;

/**
 * Applies the pending migrations: all, or when one fails none. Safe when several processes call it at once: one works,
 * the others wait for it and then find nothing to do.
 * @returns the names of the migrations that this call applied.
 */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  await runner.startTransaction();
  try {
    // Waiting for another process's migration is not a slow statement, and neither is what a migration has to do.
    await runner.query(
      `SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`,
    );
    // A lock of the transaction, not of the session: behind a pooler the session is not ours.
    await runner.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    // On the connection that has the lock. A second one might never be had: those who wait for the lock hold one
    // each, and a pooler gives only so many.
    const executor = new MigrationExecutor(dataSource, runner);
    executor.transaction = 'none';
    const applied = await executor.executePendingMigrations();
    await runner.commitTransaction();
    return applied.map((migration) => migration.name);
  } catch (error) {
    // When the connection is gone there is nothing to roll back, and the first error is the one that tells why.
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}
