import { loadConfig, processEnvironment } from '../core/config/index.js';
import { databaseConfig, migrate } from '../core/database/index.js';
import { createDataSource } from './data-source.js';
import { fail } from './start.js';

/** Brings the database to this release: the command `npm run migrate`. */
export async function runMigrations(): Promise<void> {
  try {
    const applied = await applyMigrations();
    for (const name of applied) process.stdout.write(`applied ${name}\n`);
    process.stdout.write(
      applied.length > 0 ? 'The database is up to date now.\n' : 'The database is up to date.\n',
    );
  } catch (error) {
    fail(error);
  }
}

/** @returns the names of those that were applied. */
export async function applyMigrations(): Promise<string[]> {
  // Only the database's slice: whoever migrates need not know the secrets of the rest.
  const config = loadConfig(processEnvironment(), [databaseConfig]).get(databaseConfig);
  const dataSource = await createDataSource(config).initialize();
  try {
    return await migrate(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
