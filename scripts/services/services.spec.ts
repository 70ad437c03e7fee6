import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pingPostgres, pingRedis, queryPostgres } from './answering.ts';
import { findFreePort, provideServices, ServicesError } from './index.ts';
import type { Services } from './index.ts';
import { listens, makeOpenFolder, portOf } from './spec-tools.ts';

const TIMEOUT_MS = 60_000;
/** Without the developer's own DATABASE_URL and REDIS_URL. */
const env = { PATH: process.env.PATH };

let dir: string;
beforeAll(async () => {
  dir = await makeOpenFolder();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('ephemeral services', { timeout: TIMEOUT_MS }, () => {
  let services: Services;
  let home: string;
  beforeAll(async () => {
    const parent = join(dir, 'ephemeral');
    services = await provideServices({ dir: parent, ephemeral: true, env });
    home = join(parent, (await readdir(parent))[0] ?? '');
  }, TIMEOUT_MS);
  afterAll(() => services.stop());

  it('answer, with the database in UTF-8', async () => {
    const { rows } = await queryPostgres(
      services.databaseUrl,
      `SELECT version(), current_database() AS database, current_setting('server_encoding') AS encoding, upper('é')`,
    );
    expect(rows[0]).toMatchObject({ database: 'gleaner', encoding: 'UTF8', upper: 'É' });
    expect(rows[0].version).toMatch(/^PostgreSQL 18/);
    await pingRedis(services.redisUrl);
  });

  it('refuse who has no password or a wrong one', async () => {
    const withPassword = (url: string, password: string): string =>
      Object.assign(new URL(url), { password }).href;
    await expect(pingRedis(withPassword(services.redisUrl, ''))).rejects.toThrow('NOAUTH');
    await expect(pingRedis(withPassword(services.redisUrl, 'wrong'))).rejects.toThrow('WRONGPASS');
    await expect(pingPostgres(withPassword(services.databaseUrl, 'wrong'))).rejects.toThrow('password');
  });

  it('listen on 127.0.0.1 only', async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ address, scopeid }) => address !== '127.0.0.1' && !scopeid)
      .map(({ address }) => address);
    for (const port of [portOf(services.databaseUrl), portOf(services.redisUrl)]) {
      expect(await listens('127.0.0.1', port)).toBe(true);
      // On Linux all of 127.0.0.0/8 is this machine.
      for (const host of ['127.0.0.2', ...others]) expect(await listens(host, port), host).toBe(false);
    }
  });

  it('keep their passwords in files that nobody else can read', async () => {
    for (const secret of ['postgres/password', 'redis/redis.conf']) {
      expect((await stat(join(home, secret))).mode & 0o777).toBe(0o600);
    }
  });

  it('never evict from Redis', async () => {
    const redis = new Redis(services.redisUrl);
    expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    await redis.quit();
  });

  it('are used as they are when given by URL', async () => {
    const given = { DATABASE_URL: services.databaseUrl, REDIS_URL: services.redisUrl };
    const again = await provideServices({ dir: join(dir, 'unused'), env: given });
    await again.stop();
    expect(again).toMatchObject({ databaseUrl: services.databaseUrl, redisUrl: services.redisUrl });
    expect(existsSync(join(dir, 'unused'))).toBe(false);
    await pingPostgres(services.databaseUrl);
  });

  it('leave neither folder nor listener behind', async () => {
    const shortLived = await provideServices({ dir: join(dir, 'short-lived'), ephemeral: true, env });
    await shortLived.stop();
    expect(await readdir(join(dir, 'short-lived'))).toEqual([]);
    expect(await listens('127.0.0.1', portOf(shortLived.databaseUrl))).toBe(false);
    expect(await listens('127.0.0.1', portOf(shortLived.redisUrl))).toBe(false);
  });
});

describe('persistent services', { timeout: TIMEOUT_MS }, () => {
  it('keep their data, and the password of PostgreSQL, from one start to the next', async () => {
    const options = { dir: join(dir, 'persistent'), env };
    const first = await provideServices(options);
    await queryPostgres(first.databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const writer = new Redis(first.redisUrl);
    await writer.set('kept', '42');
    await writer.quit();
    await first.stop();

    const second = await provideServices(options);
    const reader = new Redis(second.redisUrl);
    try {
      expect((await queryPostgres(second.databaseUrl, 'SELECT answer FROM kept')).rows).toEqual([
        { answer: 42 },
      ]);
      expect(await reader.get('kept')).toBe('42');
      expect(new URL(second.databaseUrl).password).toBe(new URL(first.databaseUrl).password);
    } finally {
      await reader.quit();
      await second.stop();
    }
  });

  it('refuse a folder that is in use, naming it, and leave its user in peace', async () => {
    const busy = join(dir, 'busy');
    const holder = await provideServices({ dir: busy, env });
    await expect(provideServices({ dir: busy, env })).rejects.toThrow(`${busy} is in use`);
    await pingPostgres(holder.databaseUrl);
    await holder.stop();
  });

  it('refuse the data of another major version', async () => {
    const old = join(dir, 'old');
    await mkdir(join(old, 'postgres/data'), { recursive: true });
    await writeFile(join(old, 'postgres/data/PG_VERSION'), '17\n');
    await expect(provideServices({ dir: old, env })).rejects.toThrow('was created by PostgreSQL 17');
  });

  it('show the end of the log when a server does not start', async () => {
    const broken = join(dir, 'broken');
    await (await provideServices({ dir: broken, env })).stop();
    await writeFile(join(broken, 'postgres/data/postgresql.conf'), 'no_such_setting = 1\n');
    await expect(provideServices({ dir: broken, env })).rejects.toThrow('"no_such_setting"');
  });
});

describe('a given server that does not answer', () => {
  it.each([
    ['DATABASE_URL', 'postgres://user:secret@127.0.0.1'],
    ['REDIS_URL', 'redis://:secret@127.0.0.1'],
  ])('is named by its variable and address: %s', async (variable, url) => {
    const port = await findFreePort();
    const attempt = provideServices({ dir, env: { [variable]: `${url}:${port}` } });
    const error = await attempt.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ServicesError);
    expect(String(error)).toContain(`${variable} is set, but no usable server answers at 127.0.0.1:${port}`);
    expect(String(error)).not.toContain('secret');
  });
});

describe('findFreePort', () => {
  it('returns the preferred port when it is free, else another', async () => {
    const free = await findFreePort();
    expect(await findFreePort(free)).toBe(free);
    const taken = createServer().listen(free, '127.0.0.1');
    expect(await findFreePort(free)).not.toBe(free);
    taken.close();
  });
});
