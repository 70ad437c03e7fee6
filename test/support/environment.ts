import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';

/** Settings that give a test file a database and a Redis prefix of its own. */
export interface TestEnvironment {
  env: Record<string, string>;
  /** One statement against the file's database. */
  query<T>(sql: string, values?: unknown[]): Promise<T[]>;
  dispose(): Promise<void>;
}

/** @param overrides environment names and values on top of those of tests. */
export async function createEnvironment(overrides: Record<string, string> = {}): Promise<TestEnvironment> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const admin = new Client({ connectionString: inject('databaseUrl') });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${inject('templateDatabase')}`);
  const url = new URL(inject('databaseUrl'));
  url.pathname = name;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  return {
    env: {
      DATABASE_URL: url.href,
      REDIS_URL: inject('redisUrl'),
      REDIS_PREFIX: name.replace('_', '-'),
      // Many tests make things fail on purpose; raise this to see what the application says about it.
      LOG_LEVEL: 'fatal',
      HOST: '127.0.0.1',
      PORT: '0',
      QUOTES_DOWNLOAD_DELAY_MS: '0',
      QUOTES_CONCURRENT_REQUESTS: '4',
      SCRAPE_RETRY_BASE_MS: '10',
      // All of a file's tests ask one host, and many make it fail; those about the circuit breaker set it back.
      SCRAPE_BREAKER_FAILURES: '1000',
      // The fixture site is on this machine.
      SCRAPE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
      // Whoever waits for something asks forty times a second.
      THROTTLE_DEFAULT: '1000000/1h',
      ...overrides,
    },
    query: async (sql, values) => (await client.query(sql, values)).rows,
    dispose: async () => {
      await client.end();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}
