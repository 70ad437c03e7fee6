import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provideServices, type Services } from '../../scripts/services/index.ts';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
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
  it('reads come from the database, runs are refused with 503, and all is well again afterwards', async () => {
    process.kill(redisPid, 'SIGSTOP');
    try {
      expect((await api.quotes('?limit=3')).items).toHaveLength(3);
      const refused = await fetch(`${app.url}/api/v1/sources/quotes/runs`, {
        method: 'POST',
        headers: bearer(),
      });
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({ code: 'queue.unavailable' });

      expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
      const ready = await fetch(`${app.url}/health/ready`);
      expect(ready.status).toBe(503);
      expect(await ready.json()).toMatchObject({
        error: { redis: { status: 'down' } },
        info: { database: { status: 'up' } },
      });
    } finally {
      process.kill(redisPid, 'SIGCONT');
    }
    await expect
      .poll(async () => (await fetch(`${app.url}/health/ready`)).status, { timeout: 20_000 })
      .toBe(200);
    expect((await api.scrape()).status).toBe('succeeded');
    // What was refused has left no run behind that could have begun after all.
    const runs = await api.all<{ status: string; attempt: number }>('/api/v1/runs');
    expect(runs.map((run) => run.status).sort()).toEqual(['failed', 'succeeded', 'succeeded']);
    expect(runs.find((run) => run.status === 'failed')?.attempt).toBe(0);
  });
});
