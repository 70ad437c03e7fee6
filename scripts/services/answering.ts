import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { QueryResult } from 'pg';
import { reasonOf, ServicesError } from './errors.ts';

const TIMEOUT_MS = 5000;

/** Rejects unless PostgreSQL at this URL lets us in and answers a query. */
export async function pingPostgres(url: string): Promise<void> {
  await queryPostgres(url, 'SELECT 1');
}

export async function queryPostgres(url: string, sql: string): Promise<QueryResult> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  try {
    await client.connect();
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Rejects unless Redis at this URL lets us in and answers PING. */
export async function pingRedis(url: string): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableReadyCheck: false,
    // After a refused connection its timer would keep the process alive for two seconds.
    disconnectTimeout: 0,
  });
  // ioredis rejects with "Connection is closed." and tells the cause only in this event.
  let cause: Error | undefined;
  client.on('error', (error) => (cause ??= error));
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw cause ?? error;
  } finally {
    client.disconnect();
  }
}

/** A server named by the environment is taken as it is, but a dead or wrong one is named here and now. */
export async function checkGiven(
  variable: string,
  url: string,
  ping: (url: string) => Promise<void>,
): Promise<void> {
  try {
    await ping(url);
  } catch (error) {
    throw new ServicesError(
      `${variable} is set, but no usable server answers at ${placeOf(url)}: ${reasonOf(error)}. ` +
        `Start that server, correct ${variable}, or unset it to have a server provided.`,
      { cause: error },
    );
  }
}

/** Host and port only: a URL may hold a password. */
function placeOf(url: string): string {
  return (URL.canParse(url) && new URL(url).host) || 'the address it gives';
}
