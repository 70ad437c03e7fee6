import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provideServices, type Services } from '../../scripts/services/index.ts';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { bootApp, type TestApp } from '../support/test-app.js';
import { bearer } from '../support/test-key.js';

let site: Site;
let services: Services;
let environment: TestEnvironment;
let app: TestApp;
let api: Api;
let redisPid: number;

/** A Redis of this file's own: it is frozen here, which would disturb the others. */
beforeAll(async () => {
  site = await startSite();
  services = await provideServices({ dir: '.gleaner/test/frozen-redis', ephemeral: true });
  environment = await createEnvironment({
    QUOTES_START_URL: site.url,
    REDIS_URL: services.redisUrl,
    CACHE_TTL_MS: '1',
  });
  const redis = new Redis(services.redisUrl);
  redisPid = Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
  redis.disconnect();
  app = await bootApp('all', environment.env);
  api = new Api(app.url);
  await api.scrape();
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
  await services?.stop();
  await site?.close();
});

describe('while Redis hangs', () => {
  it('reads come from the database, runs are taken and begin when it is back, and all is well again', async () => {
    process.kill(redisPid, 'SIGSTOP');
    let path: string;
    try {
      expect((await api.quotes('?limit=3')).items).toHaveLength(3);
      path = await api.startRun();
      expect(await environment.query('SELECT name FROM task_outbox')).toEqual([{ name: 'scrape.run' }]);

      expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
      const ready = await fetch(`${app.url}/health/ready`);
      expect(ready.status).toBe(503);
      expect(await ready.json()).toMatchObject({
        status: 'error',
        checks: { redis: { status: 'down', reason: 'redis.down' }, database: { status: 'up' } },
      });
    } finally {
      process.kill(redisPid, 'SIGCONT');
    }
    await expect
      .poll(async () => (await fetch(`${app.url}/health/ready`)).status, { timeout: 20_000 })
      .toBe(200);
    expect((await api.ended(path)).status).toBe('succeeded');
    expect(await environment.query('SELECT 1 FROM task_outbox')).toEqual([]);
    expect((await api.scrape()).status).toBe('succeeded');
  });

  it('runs are refused with 503 where that is configured, and leave nothing behind', async () => {
    await using refusing = await bootApi({ QUEUE_WHEN_UNAVAILABLE: 'refuse' });
    process.kill(redisPid, 'SIGSTOP');
    try {
      const refused = await fetch(`${refusing.url}/api/v1/sources/quotes/runs`, {
        method: 'POST',
        headers: bearer(),
      });
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({ code: 'queue.unavailable' });
    } finally {
      process.kill(redisPid, 'SIGCONT');
    }
    const runs = await api.all<{ status: string }>('/api/v1/runs');
    expect(new Set(runs.map((run) => run.status))).toEqual(new Set(['succeeded']));
  });

  /** A second process, which has metrics of its own. */
  async function bootApi(env: Record<string, string>): Promise<{ url: string } & AsyncDisposable> {
    const process = GleanerProcess.spawn({ ...environment.env, LOG_LEVEL: 'info', MODE: 'api', ...env });
    const url = await process.listening();
    return {
      url,
      [Symbol.asyncDispose]: async () => {
        process.kill('SIGTERM');
        await process.exit();
      },
    };
  }
});
