import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { buildIfStale } from '../../scripts/build.ts';
import { provideServices } from '../../scripts/services/index.ts';
import { insertTestKeys } from './test-key.ts';

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string;
    redisUrl: string;
    templateDatabase: string;
  }
}

const TEMPLATE = 'gleaner_template';

/** Real PostgreSQL and Redis for one project of tests, and a migrated database that each file gets a copy of. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Processes of the compiled application are part of these tests: they must be of this source.
  await buildIfStale(console.log);
  const services = await provideServices({ dir: `.gleaner/test/${project.name}`, ephemeral: true });
  const template = `${TEMPLATE}_${process.pid}`;
  await execute(services.databaseUrl, `DROP DATABASE IF EXISTS ${template}`, `CREATE DATABASE ${template}`);
  const url = new URL(services.databaseUrl);
  url.pathname = template;
  // The compiled release migrates, as it does in production.
  await promisify(execFile)(process.execPath, ['dist/migrate.js'], {
    env: { ...process.env, DATABASE_URL: url.href },
  });
  await execute(url.href, insertTestKeys());
  project.provide('databaseUrl', services.databaseUrl);
  project.provide('redisUrl', services.redisUrl);
  project.provide('templateDatabase', template);
  return async () => {
    await execute(services.databaseUrl, `DROP DATABASE ${template} WITH (FORCE)`);
    await services.stop();
  };
}

async function execute(url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}
