import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gleaner } from '../support/command.js';
import { createEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { OwnRedis } from '../support/own-redis.js';
import { TaskLab } from '../support/task-lab/task-lab.js';

interface Finding {
  check: string;
  verdict: 'ok' | 'warning' | 'error';
  found: string;
  remedy?: string;
}

let redis: OwnRedis;
let lab: TaskLab;

beforeAll(async () => {
  redis = await OwnRedis.provide('cli-doctor');
  lab = await TaskLab.open({ REDIS_URL: redis.url });
  await lab.launch({ MODE: 'all' });
  await eventually('a heartbeat', async () => (await lab.environment.query('SELECT 1 FROM beat'))[0]);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await redis?.dispose();
});

/** What doctor finds with these settings on top of good ones. */
async function doctor(env: Record<string, string> = {}) {
  const { code, out } = await gleaner('doctor --json', { ...lab.environment.env, ...env });
  const findings = JSON.parse(out) as Finding[];
  const errors = findings.filter(({ verdict }) => verdict === 'error');
  return {
    code,
    errors,
    findings,
    verdicts: Object.fromEntries(findings.map((one) => [one.check, one.verdict])),
  };
}

describe('gleaner doctor', () => {
  it('finds everything well where it is', async () => {
    const { code, verdicts, errors } = await doctor();
    expect(errors).toEqual([]);
    expect(code).toBe(0);
    expect(verdicts).toMatchObject({
      configuration: 'ok',
      node: 'ok',
      disk: expect.any(String) as string,
      database: 'ok',
      migrations: 'ok',
      'clock of PostgreSQL': 'ok',
      redis: 'ok',
      'clock of Redis': 'ok',
      'memory policy of Redis': 'ok',
      'memory of Redis': 'ok',
      queues: 'ok',
      workers: 'ok',
      consumers: 'ok',
      heartbeat: 'ok',
    });
  });

  it('shows it to people as a table', async () => {
    const { out } = await gleaner('doctor', lab.environment.env);
    expect(out).toMatch(/^CHECK +FOUND/);
    expect(out).toMatch(/^memory policy of Redis +ok +noeviction$/m);
  });

  it('names every fault of the configuration, and looks at what it can', async () => {
    const { code, errors, verdicts } = await doctor({ WORKER_CONCURRENCY: 'many', PORT: '-1' });
    expect(code).toBe(1);
    expect(errors.map(({ check }) => check)).toEqual(['configuration', 'configuration']);
    expect(errors.map(({ found }) => found).join()).toMatch(
      /PORT: .*WORKER_CONCURRENCY: |WORKER_CONCURRENCY: .*PORT: /,
    );
    expect(verdicts).toMatchObject({ database: 'ok', redis: 'ok' });
  });

  it.each([
    ['DATABASE_URL', 'postgres://nobody:hunter2@127.0.0.1:1/x', 'database', 'redis', /ECONNREFUSED/],
    ['REDIS_URL', 'redis://:hunter2@127.0.0.1:1', 'redis', 'database', /ECONNREFUSED/],
  ])('says when %s leads nowhere, and still looks at the other', async (name, url, bad, good, found) => {
    const { code, errors, findings, verdicts } = await doctor({ [name]: url });
    expect(code).toBe(1);
    expect(errors).toEqual([
      {
        check: bad,
        verdict: 'error',
        found: expect.stringMatching(found),
        remedy: expect.stringContaining(name),
      },
    ]);
    expect(verdicts[good]).toBe('ok');
    expect(findings.at(-1)).toMatchObject({
      check: expect.stringContaining('workers'),
      found: 'not looked at',
    });
    expect(JSON.stringify(findings)).not.toContain('hunter2');
  });

  it('says when the database is older than the release', async () => {
    const empty = await createEnvironment();
    try {
      await empty.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
      const { code, errors } = await doctor({ DATABASE_URL: empty.env.DATABASE_URL ?? '' });
      expect(errors).toMatchObject([{ check: 'migrations', remedy: 'Apply them: gleaner migrate' }]);
      expect(code).toBe(1);
      const migrated = await gleaner('migrate --json', empty.env);
      expect((JSON.parse(migrated.out) as { applied: string[] }).applied.length).toBeGreaterThan(10);
      expect((await gleaner('migrate', empty.env)).out).toBe('The database is up to date.\n');
    } finally {
      await empty.dispose();
    }
  });

  it('says when nobody works', async () => {
    const { code, errors } = await doctor({ REDIS_PREFIX: 'nobody' });
    expect(code).toBe(1);
    expect(errors).toMatchObject([
      { check: 'workers', found: 'none is online', remedy: expect.stringContaining('MODE=worker') },
      { check: 'consumers', found: 'nobody takes tasks of high, default, low' },
    ]);
  });

  it('says when a queue is paused, or is taken from by nobody', async () => {
    await gleaner('queues pause low', lab.environment.env);
    expect((await doctor()).findings).toContainEqual({
      check: 'queues',
      verdict: 'warning',
      found: 'paused: low',
      remedy: 'Resume: gleaner queues resume low',
    });
    await gleaner('queues resume low', lab.environment.env);

    await gleaner('control queue cancel low', lab.environment.env);
    const errors = await eventually('it to be noticed', async () => {
      const found = (await doctor()).errors;
      return found.length > 0 ? found : undefined;
    });
    expect(errors).toMatchObject([{ check: 'consumers', found: 'nobody takes tasks of low' }]);
    await gleaner('control queue add low', lab.environment.env);
  });

  it('says when Redis may throw tasks away, or has no room for them', async () => {
    const client = new Redis(redis.url);
    try {
      await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
      expect((await doctor()).errors).toMatchObject([
        { check: 'memory policy of Redis', found: 'allkeys-lru' },
      ]);
      await client.config('SET', 'maxmemory-policy', 'noeviction');
      const used = Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
      await client.config('SET', 'maxmemory', String(Math.round(used * 1.05)));
      expect((await doctor()).verdicts['memory of Redis']).toBe('error');
    } finally {
      await client.config('SET', 'maxmemory', '0');
      await client.config('SET', 'maxmemory-policy', 'noeviction');
      client.disconnect();
    }
  });
});
