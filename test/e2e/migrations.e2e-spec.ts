import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataSource } from '../../src/app/data-source.js';
import { migrations } from '../../src/app/migrations/index.js';
import { loadConfig } from '../../src/core/config/index.js';
import { databaseConfig } from '../../src/core/database/index.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { bootApp } from '../support/test-app.js';

let environment: TestEnvironment;

beforeAll(async () => {
  environment = await createEnvironment();
});

afterAll(async () => environment?.dispose());

const empty = () => environment.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
const migrateProcess = () =>
  promisify(execFile)(process.execPath, ['dist/migrate.js'], { env: { ...process.env, ...environment.env } });

const dataSource = () =>
  createDataSource(loadConfig(environment.env, [databaseConfig]).get(databaseConfig)).initialize();

describe('migrations', () => {
  it('make the schema that the entities describe', async () => {
    const source = await dataSource();
    const missing = await source.driver.createSchemaBuilder().log();
    expect(missing.upQueries.map((query) => query.query)).toEqual([]);
    await source.destroy();
  });

  it('can be undone and done again', async () => {
    const source = await dataSource();
    while (await environment.query('SELECT 1 FROM migrations').then(({ length }) => length > 0))
      await source.undoLastMigration();
    expect(await environment.query(`SELECT 1 FROM pg_tables WHERE tablename = 'quote'`)).toEqual([]);
    await source.runMigrations();
    expect(await environment.query(`SELECT 1 FROM pg_tables WHERE tablename = 'quote'`)).toHaveLength(1);
    await source.destroy();
  });

  it('are safe when several processes apply them at once', async () => {
    await empty();
    const outputs = await Promise.all(Array.from({ length: 3 }, migrateProcess));
    expect(outputs.filter(({ stdout }) => stdout.includes('applied '))).toHaveLength(1);
    expect(await environment.query('SELECT name FROM migrations')).toHaveLength(migrations.length);
  });

  it('that are pending keep the application from booting', async () => {
    await empty();
    await expect(bootApp('api', environment.env)).rejects.toThrow('npm run migrate');
    await migrateProcess();
  });
});
