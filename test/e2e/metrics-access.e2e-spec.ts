import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metricOf } from '../support/asking.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { bootApp } from '../support/test-app.js';
import { bearer } from '../support/test-key.js';

const TOKEN = 'scraping-the-scraper/4711==';

let environment: TestEnvironment;

beforeAll(async () => {
  environment = await createEnvironment();
});
afterAll(async () => environment?.dispose());

const ask = async (url: string, authorization?: string, method = 'GET') =>
  fetch(url, { method, ...(authorization !== undefined && { headers: { authorization } }) });

const REFUSED = [
  undefined,
  '',
  'Bearer',
  `Bearer ${TOKEN}x`,
  `Bearer ${TOKEN.slice(0, -1)}`,
  `Basic ${TOKEN}`,
  TOKEN,
];

describe('a token for metrics', () => {
  it.each(['api', 'worker'] as const)('is asked for in mode %s, and opens nothing else', async (mode) => {
    const app = await bootApp(mode, { ...environment.env, METRICS_TOKEN: TOKEN });
    try {
      for (const authorization of [...REFUSED, bearer().authorization]) {
        const refused = await ask(`${app.url}/metrics`, authorization);
        expect(refused.status, authorization).toBe(401);
        expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="gleaner metrics"');
        const problem = await refused.text();
        expect(JSON.parse(problem)).toMatchObject({ code: 'metrics.token_required', status: 401 });
        expect(problem).not.toContain('gleaner_');
      }
      const told = await ask(`${app.url}/metrics`, `Bearer ${TOKEN}`);
      expect(told.status).toBe(200);
      const metrics = await told.text();
      expect(metrics).toContain('gleaner_build_info');
      expect(metrics).not.toContain(TOKEN);
      // It is no API key, and presenting it here is no attempt at one.
      expect(metrics).not.toMatch(/gleaner_auth_failures_total\{.*\} [1-9]/);
      expect((await ask(`${app.url}/health/live`)).status).toBe(200);
      if (mode === 'api') expect((await ask(`${app.url}/api/v1/tags`, `Bearer ${TOKEN}`)).status).toBe(401);
    } finally {
      await app.close();
    }
  });

  it('that is short is refused at boot, and not shown', async () => {
    const process = GleanerProcess.spawn({ ...environment.env, MODE: 'api', METRICS_TOKEN: 'hunter2' });
    expect(await process.exit()).toBe(78);
    expect(process.log).toContain('METRICS_TOKEN: expected at least 16');
    expect(process.log).not.toContain('hunter2');
  });
});

describe('a port for metrics', () => {
  it('has them and nothing else, and the main port has all else', async () => {
    const process = GleanerProcess.spawn({
      ...environment.env,
      LOG_LEVEL: 'info',
      MODE: 'api',
      METRICS_PORT: '0',
      METRICS_TOKEN: TOKEN,
    });
    const main = await process.listening();
    const own = /metrics are at (http:\/\/127\.0\.0\.1:\d+)\/metrics/.exec(process.log)?.[1] ?? '';
    try {
      const told = await ask(`${own}/metrics?name[]=x`, `bearer ${TOKEN}`);
      expect(told.status).toBe(200);
      expect(told.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(told.headers.get('cache-control')).toBe('no-store');
      expect(await told.text()).toContain('gleaner_build_info');
      expect((await ask(`${own}/metrics`, `Bearer ${TOKEN}`, 'HEAD')).status).toBe(200);
      for (const authorization of REFUSED) {
        const refused = await ask(`${own}/metrics`, authorization);
        expect(refused.status, authorization).toBe(401);
        expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="gleaner metrics"');
        expect(await refused.text()).toBe('');
      }
      expect((await ask(`${own}/metrics`, `Bearer ${TOKEN}`, 'POST')).status).toBe(405);
      for (const path of ['/', '/metrics/', '/health/live', '/health/ready', '/api/v1/tags', '/docs'])
        expect((await ask(own + path, `Bearer ${TOKEN}`)).status, path).toBe(404);

      const elsewhere = await ask(`${main}/metrics`, `Bearer ${TOKEN}`);
      expect(elsewhere.status).toBe(404);
      expect(await elsewhere.text()).not.toContain('gleaner_build_info');
      expect((await ask(`${main}/health/live`)).status).toBe(200);
      expect((await ask(`${main}/api/v1/tags`)).status).toBe(200);
    } finally {
      process.kill('SIGTERM');
    }
    expect(await process.exit(), process.log).toBe(0);
    expect(process.log).not.toContain(TOKEN);
  });

  it('may be read by everybody without a token', async () => {
    const process = GleanerProcess.spawn({
      ...environment.env,
      LOG_LEVEL: 'info',
      MODE: 'worker',
      METRICS_PORT: '0',
    });
    await process.listening();
    const own = /metrics are at (http:\/\/127\.0\.0\.1:\d+)\/metrics/.exec(process.log)?.[1] ?? '';
    try {
      expect(await metricOf(own, 'gleaner_worker_concurrency')).toBeGreaterThan(0);
    } finally {
      process.kill('SIGTERM');
    }
    expect(await process.exit(), process.log).toBe(0);
  });

  it('that is taken keeps the process from booting, which says so', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const process = GleanerProcess.spawn({ ...environment.env, MODE: 'api', METRICS_PORT: String(port) });
    try {
      expect(await process.exit()).toBe(1);
      expect(process.log).toContain(`EADDRINUSE: address already in use 127.0.0.1:${port}`);
    } finally {
      other.close();
    }
  });
});
