import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app/create-app.js';
import { BULL_BOARD_PATH } from '../../src/operations/control/index.js';
import { loadConfig } from '../../src/core/config/index.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { type PgProxy, startPgProxy } from '../support/pg-proxy.js';
import { bootApp, type TestApp } from '../support/test-app.js';
import { bearer, testKey } from '../support/test-key.js';

let environment: TestEnvironment;
let app: TestApp;

beforeAll(async () => {
  environment = await createEnvironment({ AUTH_FAILURE_LIMIT: '1000' });
  app = await bootApp('api', environment.env);
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
});

const runs = '/api/v1/sources/nothing/runs';
const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(app.url + path, { method, headers });
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;

/** A key in the database, as the application would have made it. */
async function addKey(letter: string, columns: Record<string, string | Date> = {}): Promise<string> {
  const id = letter.repeat(12);
  const key = `glnr_${id}_${letter.repeat(43)}`;
  const row = { name: `key ${letter}`, role: 'operator', ...columns };
  const names = Object.keys(row);
  await environment.query(
    `INSERT INTO api_key (id, hash, ${names.join(', ')}) VALUES ($1, $2, ${names.map((_, at) => `$${at + 3}`).join(', ')})`,
    [id, createHash('sha256').update(key).digest(), ...Object.values(row)],
  );
  return key;
}

describe('what changes something', () => {
  it('needs a key, and says how to send it', async () => {
    const answer = await ask(runs, {}, 'POST');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      'Bearer realm="gleaner", Basic realm="gleaner", charset="UTF-8"',
    );
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ code: 'auth.key_required', status: 401 });
  });

  it.each([
    ['viewer', 403],
    ['operator', 404],
    ['admin', 404],
  ] as const)('a key with the role %s gets %i', async (role, status) => {
    const basic = Buffer.from(`anybody:${testKey(role)}`).toString('base64');
    for (const authorization of [`Bearer ${testKey(role)}`, `bearer ${testKey(role)}`, `Basic ${basic}`])
      expect((await ask(runs, { authorization }, 'POST')).status).toBe(status);
  });

  it('is closed on every route of the application, and documented as such', async () => {
    const config = loadConfig({ ...environment.env, MODE: 'api' });
    const { register } = await import('prom-client');
    register.clear();
    const instance = await createApp('api', config);
    const server = instance.getHttpAdapter().getInstance();
    const routes: { method: string; url: string }[] = [];
    server.addHook('onRoute', ({ method, url }) => {
      for (const name of [method].flat()) routes.push({ method: name, url });
    });
    await instance.listen(0, '127.0.0.1');
    const changing = routes.filter(({ method }) => !['GET', 'HEAD', 'OPTIONS'].includes(method));
    expect(changing.length).toBeGreaterThanOrEqual(1);
    const document = (await server.inject('/docs/openapi.json')).json<{
      paths: Record<string, Record<string, { security?: object[]; responses: object }>>;
    }>();
    for (const { method, url } of changing) {
      const path = url.replace(/:\w+/g, 'x');
      const without = await server.inject({ method: method as 'POST', url: path });
      expect(without.statusCode, `${method} ${url}`).toBe(401);
      const viewer = await server.inject({ method: method as 'POST', url: path, headers: bearer('viewer') });
      expect(viewer.statusCode, `${method} ${url}`).toBe(403);
      // Bull's board is a page with an interface of its own, not part of the API.
      if (url.startsWith(BULL_BOARD_PATH)) continue;
      const operation = document.paths[url.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
      expect(operation?.security, `${method} ${url}`).toEqual([{ bearer: [] }, { basic: [] }]);
      expect(Object.keys(operation?.responses ?? {})).toEqual(expect.arrayContaining(['401', '403']));
    }
    await instance.close();
  });
});

describe('a key that opens nothing', () => {
  it.each([
    ['Bearer x', 'malformed'],
    ['Bearer', 'malformed'],
    ['Digest username="x"', 'malformed'],
    [`Basic ${btoa('admin:admin')}`, 'malformed'],
    [`Basic ${btoa('no-colon')}`, 'malformed'],
    [`Bearer ${testKey().slice(0, -1)}X`, 'of no such key'],
    [`Bearer glnr_aaaaaaaaaaaa_${'b'.repeat(43)}`, 'unknown'],
  ])('%s (%s) is 401, also where none is needed', async (authorization) => {
    for (const path of ['/api/v1/tags', '/docs/openapi.json', '/nothing']) {
      const answer = await ask(path, { authorization });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
      expect(await codeOf(answer)).toBe('auth.invalid_key');
    }
  });

  it('is told apart for who has all of it: expired, revoked', async () => {
    const expired = await addKey('e', { expires_at: new Date(Date.now() - 1000) });
    const revoked = await addKey('r', { revoked_at: new Date() });
    for (const [key, why] of [
      [expired, 'expired'],
      [revoked, 'revoked'],
      [`${expired.slice(0, -1)}x`, 'no such key'],
    ] as const) {
      const answer = await ask('/api/v1/tags', { authorization: `Bearer ${key}` });
      expect(answer.status).toBe(401);
      const { detail } = (await answer.json()) as { detail: string };
      expect(detail).toContain(why);
      expect(detail).not.toContain(key);
    }
  });

  it('a revocation takes effect within two seconds', async () => {
    const key = await addKey('w');
    const authorization = `Bearer ${key}`;
    expect((await ask(runs, { authorization }, 'POST')).status).toBe(404);
    await environment.query(`UPDATE api_key SET revoked_at = now() WHERE id = $1`, ['w'.repeat(12)]);
    const since = performance.now();
    await eventually('a refusal', async () =>
      (await ask('/api/v1/tags', { authorization })).status === 401 ? true : undefined,
    );
    expect(performance.now() - since).toBeLessThan(2000);
  });

  it('a key that is made later is known within two seconds, though it was asked for before', async () => {
    const authorization = `Bearer glnr_${'n'.repeat(12)}_${'n'.repeat(43)}`;
    expect((await ask('/api/v1/tags', { authorization })).status).toBe(401);
    await addKey('n');
    await eventually('the key', async () =>
      (await ask('/api/v1/tags', { authorization })).ok ? true : undefined,
    );
  });
});

describe('a key in use', () => {
  it('costs no query for each request', async () => {
    const counted = async () => {
      const [row] = await environment.query<{ calls: string }>(
        `SELECT idx_scan + seq_scan AS calls FROM pg_stat_user_tables WHERE relname = 'api_key'`,
      );
      return Number(row?.calls);
    };
    const before = await counted();
    const since = performance.now();
    for (let index = 0; index < 200; index++)
      expect((await ask('/api/v1/tags', bearer('admin'))).status).toBe(200);
    const seconds = (performance.now() - since) / 1000;
    // The statistics arrive late: waiting for at least one look-up makes sure that they did.
    const looked = await eventually('the statistics', async () => (await counted()) - before || undefined);
    expect(looked).toBeLessThanOrEqual(Math.ceil(seconds) + 5);
  });

  it('leaves the time of its use', async () => {
    const key = await addKey('u');
    expect((await ask('/api/v1/tags', { authorization: `Bearer ${key}` })).status).toBe(200);
    const used = await eventually('the time of use', async () => {
      const [row] = await environment.query<{ last_used_at: Date | null }>(
        `SELECT last_used_at FROM api_key WHERE id = $1`,
        ['u'.repeat(12)],
      );
      return row?.last_used_at ?? undefined;
    });
    expect(Math.abs(used.getTime() - Date.now())).toBeLessThan(30_000);
  });
});

describe('API_PUBLIC_READS', () => {
  it('true: reading needs no key', async () => {
    for (const path of [
      '/api/v1/tags',
      '/api/v1/quotes',
      '/api/v1/runs',
      '/docs',
      '/health/live',
      '/metrics',
    ])
      expect((await ask(path)).status).toBe(200);
  });

  it('false: reading needs a viewer, and no shared cache keeps it; probes and metrics need none', async () => {
    const closed = await bootApp('api', { ...environment.env, API_PUBLIC_READS: 'false' });
    try {
      for (const path of ['/api/v1/tags', '/api/v1/quotes', '/api/v1/quotes/random', '/api/v1/runs']) {
        const refused = await fetch(closed.url + path);
        expect(refused.status).toBe(401);
        expect(refused.headers.get('cache-control')).toBe('no-store');
        const answer = await fetch(closed.url + path, { headers: bearer('viewer') });
        expect([200, 404]).toContain(answer.status);
        expect(answer.headers.get('cache-control')).not.toContain('public');
        expect(answer.headers.get('cache-control')).toMatch(/private|no-store/);
        expect(answer.headers.get('vary')).toContain('Authorization');
      }
      for (const path of ['/health/live', '/health/ready', '/metrics'])
        expect((await fetch(closed.url + path)).status).toBe(200);
      const document = (await (await fetch(`${closed.url}/docs/openapi.json`)).json()) as {
        security: object[];
      };
      expect(document.security).toEqual([{ bearer: [] }, { basic: [] }]);
    } finally {
      await closed.close();
    }
  });
});

describe('while the database does not answer', () => {
  let proxy: PgProxy;
  let behind: TestApp;
  beforeAll(async () => {
    proxy = await startPgProxy(environment.env['DATABASE_URL'] ?? '');
    behind = await bootApp('api', { ...environment.env, DATABASE_URL: proxy.url });
  });
  afterAll(async () => {
    await behind?.close();
    await proxy?.close();
  });

  it.each(['refuse', 'freeze'] as const)('(%s) a key gets 503 and is asked to come back', async (how) => {
    const probe = () => fetch(`${behind.url}/docs/openapi.json`, { headers: bearer() });
    await eventually('the database', async () => ((await probe()).ok ? true : undefined));
    proxy[how]();
    // What was known a moment ago is believed a second.
    const answer = await eventually('the end of belief', async () => {
      const candidate = await probe();
      return candidate.ok ? undefined : candidate;
    });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(await codeOf(answer)).toBe('auth.unavailable');
    // Nobody else is troubled, and a probe that happens to send a key is none of this.
    expect((await fetch(`${behind.url}/health/live`, { headers: bearer() })).status).toBe(200);
    expect((await fetch(`${behind.url}/docs/openapi.json`)).status).toBe(200);
    proxy.allow();
    await eventually('the database again', async () => ((await probe()).ok ? true : undefined));
  });
});
