import { runProgram } from './run-program.ts';

/** Brings a database up to date with the compiled application, as a release does. */
export async function migrate(databaseUrl: string, signal?: AbortSignal): Promise<void> {
  await runProgram('migrating the database', ['dist/migrate.js'], databaseUrl, signal);
}
