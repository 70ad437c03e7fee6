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

  it('bring what an older release has stored to where this one reads it', async () => {
    const source = await dataSource();
    const release = migrations.findIndex(({ name }) => name.startsWith('BoundedReads'));
    for (let undone = release; undone < migrations.length; undone++) await source.undoLastMigration();
    await environment.query(`
      INSERT INTO source (slug, name, spider, start_url, politeness) VALUES ('s', 'S', 'quotes', 'http://x/', '{}');
      INSERT INTO author (slug, name) VALUES ('a', 'A'), ('b', 'B');
      INSERT INTO tag (name) VALUES ('x'), ('y');
      INSERT INTO quote (source_id, author_id, text, text_hash, last_run_id)
        SELECT 1, n % 2 + 1, 'Rivers ' || n, sha256(n::text::bytea), gen_random_uuid() FROM generate_series(1, 5) n;
      INSERT INTO quote_tag (quote_id, tag_id, position) SELECT id, 3 - p, p FROM quote, generate_series(1, 2) p`);
    await source.runMigrations();
    const quotes = await environment.query<object>(`SELECT tags, search @@ 'river' AS found FROM quote`);
    expect(quotes).toEqual(Array.from({ length: 5 }, () => ({ tags: ['y', 'x'], found: true })));
    expect(await environment.query('SELECT quotes::int FROM author_quote_count ORDER BY author_id')).toEqual([
      { quotes: 2 },
      { quotes: 3 },
    ]);
    expect(await environment.query('SELECT quotes::int FROM tag_quote_count')).toEqual([
      { quotes: 5 },
      { quotes: 5 },
    ]);
    expect(
      await environment.query(
        'SELECT 1 FROM quote_tag qt JOIN quote q ON q.id = quote_id WHERE qt.created_at <> q.created_at',
      ),
    ).toEqual([]);
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
