import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let environment: TestEnvironment;
let app: TestApp;

beforeAll(async () => {
  environment = await createEnvironment({ THROTTLE_DEFAULT: '40/1h' });
  app = await bootApp('all', environment.env);
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
});

interface Operation {
  responses: Record<string, unknown>;
  parameters?: { name: string; in: string }[];
}

describe('OpenAPI', () => {
  it('documents every route of the API, with its parameters, answers and errors', async () => {
    const document = (await (await fetch(`${app.url}/docs/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, Operation>>;
    };
    expect(document.openapi).toMatch(/^3\./);
    expect(
      Object.entries(document.paths)
        .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
        .sort(),
    ).toEqual([
      'delete /api/v1/ops/alert-silences/{id}',
      'delete /api/v1/ops/dead-letters/{id}',
      'delete /api/v1/ops/log-levels/{module}',
      'delete /api/v1/sources/{slug}',
      'delete /api/v1/sources/{slug}/schedule',
      'get /api/v1/authors',
      'get /api/v1/authors/{slug}',
      'get /api/v1/authors/{slug}/quotes',
      'get /api/v1/ops/alert-rules',
      'get /api/v1/ops/alert-silences',
      'get /api/v1/ops/alerts',
      'get /api/v1/ops/alerts/{id}',
      'get /api/v1/ops/bulk/{id}',
      'get /api/v1/ops/dead-letters',
      'get /api/v1/ops/dead-letters/groups',
      'get /api/v1/ops/dead-letters/{id}',
      'get /api/v1/ops/errors',
      'get /api/v1/ops/events',
      'get /api/v1/ops/health',
      'get /api/v1/ops/log-levels',
      'get /api/v1/ops/queues',
      'get /api/v1/ops/queues/{name}',
      'get /api/v1/ops/slowest/{kind}',
      'get /api/v1/ops/task-types',
      'get /api/v1/ops/tasks',
      'get /api/v1/ops/tasks/count',
      'get /api/v1/ops/tasks/export',
      'get /api/v1/ops/tasks/long-running',
      'get /api/v1/ops/tasks/{id}',
      'get /api/v1/ops/workers',
      'get /api/v1/ops/workers/inspect/{what}',
      'get /api/v1/ops/workers/{id}',
      'get /api/v1/ops/workers/{id}/inspect/{what}',
      'get /api/v1/quotes',
      'get /api/v1/quotes/random',
      'get /api/v1/quotes/{id}',
      'get /api/v1/runs',
      'get /api/v1/runs/{id}',
      'get /api/v1/runs/{id}/failures',
      'get /api/v1/schedules',
      'get /api/v1/schedules/{name}',
      'get /api/v1/sources',
      'get /api/v1/sources/{slug}',
      'get /api/v1/sources/{slug}/records',
      'get /api/v1/sources/{slug}/records/export',
      'get /api/v1/sources/{slug}/records/{id}',
      'get /api/v1/sources/{slug}/records/{id}/changes',
      'get /api/v1/tags',
      'patch /api/v1/sources/{slug}',
      'post /api/v1/ops/alert-rules/{name}/test',
      'post /api/v1/ops/alert-silences',
      'post /api/v1/ops/dead-letters/purge',
      'post /api/v1/ops/dead-letters/replay',
      'post /api/v1/ops/dead-letters/{id}/replay',
      'post /api/v1/ops/profiles/cpu',
      'post /api/v1/ops/profiles/heap',
      'post /api/v1/ops/queues/{name}/drain',
      'post /api/v1/ops/queues/{name}/pause',
      'post /api/v1/ops/queues/{name}/resume',
      'post /api/v1/ops/tasks',
      'post /api/v1/ops/tasks/bulk/retry',
      'post /api/v1/ops/tasks/bulk/revoke',
      'post /api/v1/ops/tasks/{id}/edit-and-retry',
      'post /api/v1/ops/tasks/{id}/retry',
      'post /api/v1/ops/tasks/{id}/revoke',
      'post /api/v1/ops/workers/commands',
      'post /api/v1/ops/workers/shutdown',
      'post /api/v1/ops/workers/{id}/commands',
      'post /api/v1/ops/workers/{id}/shutdown',
      'post /api/v1/runs/{id}/cancel',
      'post /api/v1/runs/{id}/resume',
      'post /api/v1/sources',
      'post /api/v1/sources/preview',
      'post /api/v1/sources/{slug}/runs',
      'put /api/v1/ops/log-levels/{module}',
      'put /api/v1/sources/{slug}',
      'put /api/v1/sources/{slug}/schedule',
    ]);
    const list = document.paths['/api/v1/quotes']?.get;
    const parameters = list?.parameters?.filter((parameter) => parameter.in === 'query');
    expect(parameters?.map((parameter) => parameter.name).sort()).toEqual([
      'author',
      'cursor',
      'limit',
      'q',
      'source',
      'tag',
    ]);
    for (const methods of Object.values(document.paths)) {
      for (const operation of Object.values(methods))
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '503']));
    }
  });

  it('has a page', async () => {
    const answer = await fetch(`${app.url}/docs`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('swagger-ui');
  });
});

describe('every answer', () => {
  it("has a request id: the caller's when it is harmless, else one of ours", async () => {
    const idFor = async (given: string) =>
      (await fetch(`${app.url}/health/live`, { headers: { 'x-request-id': given } })).headers.get(
        'x-request-id',
      );
    expect(await idFor('order-4711-abcdef')).toBe('order-4711-abcdef');
    for (const bad of ['short', 'x'.repeat(65), 'with space in it', '{"json":true}']) {
      expect(await idFor(bad)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

describe('health and metrics', () => {
  it('live depends on nothing, ready on Redis and the database', async () => {
    expect(await (await fetch(`${app.url}/health/live`)).json()).toEqual({ status: 'ok' });
    const ready = await fetch(`${app.url}/health/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      status: 'ok',
      checks: { redis: { status: 'up' }, database: { status: 'up' } },
    });
  });

  it('metrics count requests by route template, and tasks', async () => {
    await fetch(`${app.url}/api/v1/quotes/4711`);
    await fetch(`${app.url}/api/v1/%2e%2e/unknown-4711`);
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    expect(metrics).toContain(
      'gleaner_http_request_duration_seconds_count{method="GET",route="/api/v1/quotes/:id",status="4xx"} 1',
    );
    expect(metrics).toContain('route="unmatched"');
    // In a label; among thousands of numbers these digits turn up by chance.
    expect(metrics).not.toMatch(/="[^"\n]*4711/);
    for (const name of ['sent', 'started', 'succeeded', 'failed', 'retried']) {
      expect(metrics).toContain(`# TYPE gleaner_tasks_${name}_total counter`);
    }
    expect(metrics).toContain('process_cpu_user_seconds_total');
  });
});

describe('throttling', () => {
  it('lets exactly the limit through, also when all ask at once, and tells how long to wait', async () => {
    const env = { ...environment.env, REDIS_PREFIX: `${environment.env.REDIS_PREFIX}-b` };
    const fresh = await bootApp('api', env);
    const other = await bootApp('api', env);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => fetch(`${(index % 2 ? fresh : other).url}/api/v1/tags`)),
    );
    const statuses = answers.map((answer) => answer.status);
    // The bucket refills by one each 90 s: too slowly to matter here.
    expect(statuses.filter((status) => status === 200)).toHaveLength(40);
    const refused = answers.find((answer) => answer.status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused?.headers.get('retry-after'))).toBeLessThanOrEqual(90);
    expect(await refused?.json()).toMatchObject({ status: 429, code: 'too_many_requests' });
    const passed = answers.find((answer) => answer.status === 200);
    expect(passed?.headers.get('x-ratelimit-limit')).toBe('40');
    // A forged address changes nothing, for no proxy is trusted.
    const forged = await fetch(`${fresh.url}/api/v1/tags`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(forged.status).toBe(429);
    for (const path of ['/health/live', '/health/ready', '/metrics'])
      expect((await fetch(fresh.url + path)).status).toBe(200);
    await fresh.close();
    await other.close();
  });

  it("believes a trusted proxy about the client's address", async () => {
    const env = {
      ...environment.env,
      REDIS_PREFIX: `${environment.env.REDIS_PREFIX}-c`,
      THROTTLE_DEFAULT: '1/1h',
      TRUSTED_PROXIES: '127.0.0.0/8',
    };
    const proxied = await bootApp('api', env);
    const from = (address: string) =>
      fetch(`${proxied.url}/api/v1/tags`, { headers: { 'x-forwarded-for': address } });
    expect((await from('203.0.113.1')).status).toBe(200);
    expect((await from('203.0.113.1')).status).toBe(429);
    expect((await from('203.0.113.2')).status).toBe(200);
    // What a client writes in front of the proxy's own entry is not believed.
    expect((await from('198.51.100.7, 203.0.113.1')).status).toBe(429);
    await proxied.close();
  });
});
