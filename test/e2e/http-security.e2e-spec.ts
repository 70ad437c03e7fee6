import { request as nodeRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { bearer } from '../support/test-key.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let environment: TestEnvironment;

beforeAll(async () => {
  environment = await createEnvironment();
});

afterAll(async () => environment?.dispose());

/** Runs `use` with an application that has these settings on top. */
async function withApp(env: Record<string, string>, use: (app: TestApp) => Promise<void>): Promise<void> {
  const app = await bootApp('api', { ...environment.env, ...env });
  try {
    await use(app);
  } finally {
    await app.close();
  }
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Like fetch, but also with a Host of one's own, and without following redirects. */
async function ask(
  url: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = nodeRequest(url, { headers, method, agent: false }, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => (text += data.toString()));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Sends bytes as they are and returns what comes until the server closes. */
async function raw(url: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.setTimeout(30_000, () => socket.destroy(new Error(`no end after: ${answer}`)));
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
    socket.write(bytes);
  });
}

describe('every answer', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await bootApp('api', environment.env);
  });
  afterAll(async () => app?.close());

  const PROTECTED = {
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  };

  it.each([
    ['/api/v1/tags', 200],
    ['/api/v1/tags?limit=x', 400],
    ['/nothing', 404],
    ['/api/v1/authors/%zz', 400],
    ['/health/live', 200],
    ['/metrics', 200],
    ['/docs/openapi.json', 200],
  ])(
    '%s has the headers that protect browsers, and none that tells of what is inside',
    async (path, status) => {
      const answer = await ask(app.url + path);
      expect(answer.status).toBe(status);
      const { 'content-security-policy': policy, ...others } = PROTECTED;
      expect(answer.headers).toMatchObject(others);
      if (!path.startsWith('/docs')) expect(answer.headers['content-security-policy']).toBe(policy);
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      for (const name of [
        'server',
        'x-powered-by',
        'strict-transport-security',
        'access-control-allow-origin',
      ])
        expect(answer.headers[name]).toBeUndefined();
      expect(answer.body).not.toMatch(/node_modules|\.js:\d+/);
    },
  );

  it('also the one of a connection that speaks no HTTP', async () => {
    const answer = (await raw(app.url, 'what?\r\n\r\n')).toLowerCase();
    expect(answer).toMatch(/^http\/1\.1 400 bad request/);
    for (const [name, value] of Object.entries(PROTECTED))
      expect(answer).toContain(`${name}: ${value.toLowerCase()}`);
    expect(answer).toMatch(/x-request-id: [0-9a-f-]{36}/);
    expect(answer).toContain('cache-control: no-store');
  });

  it('without a Host says what is missing', async () => {
    const answer = await raw(app.url, 'GET /api/v1/tags HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"field":"Host"/);
    expect(await raw(app.url, 'GET /api/v1/tags HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.[01] 200 /);
  });

  it('the documentation page may load its own scripts, and nothing from elsewhere', async () => {
    const page = await ask(`${app.url}/docs`);
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    // The page fits its policy: no script in the page itself, and every file from here.
    expect(page.body).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>\s*\S/);
    const sources = [...page.body.matchAll(/<(?:script|link)[^>]*\b(?:src|href)="([^"]+)"/g)].map(
      ([, source = '']) => new URL(source, `${app.url}/docs`),
    );
    expect(sources.length).toBeGreaterThanOrEqual(4);
    for (const source of sources) {
      expect(source.origin).toBe(new URL(app.url).origin);
      expect((await ask(source.href)).status).toBe(200);
    }
  });
});

describe('ALLOWED_HOSTS', () => {
  const env = { ALLOWED_HOSTS: 'gleaner.example.org, Other.example' };

  it('answers for those, with or without port, in any case', async () => {
    await withApp(env, async ({ url }) => {
      for (const host of ['gleaner.example.org', 'GLEANER.example.org:8080', 'other.example'])
        expect((await ask(`${url}/api/v1/tags`, { host })).status).toBe(200);
    });
  });

  it('answers 421 for others, also where there is no route, but probes by any address', async () => {
    await withApp(env, async ({ url }) => {
      for (const host of ['evil.example', 'gleaner.example.org.evil.example', '127.0.0.1', 'a b', '']) {
        for (const path of ['/api/v1/tags', '/nothing', '/docs', '/healthy']) {
          const answer = await ask(url + path, { host });
          expect(answer.status, `${host} ${path}`).toBe(421);
          expect(JSON.parse(answer.body)).toMatchObject({ code: 'http.misdirected', status: 421 });
        }
      }
      for (const path of ['/health/live', '/health/ready', '/metrics'])
        expect((await ask(url + path, { host: '10.0.0.7:3000' })).status).toBe(200);
    });
  });

  it('counts what the proxy passes on as Host, and believes no other header about it', async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'gleaner.example.org' };
    await withApp({ ...env, TRUSTED_PROXIES: '127.0.0.0/8' }, async ({ url }) => {
      expect((await ask(`${url}/api/v1/tags`, headers)).status).toBe(421);
    });
  });
});

describe('CORS_ORIGINS', () => {
  const origin = 'https://app.example.org';
  const preflight = { origin, 'access-control-request-method': 'POST' };

  it('unset: no page of another origin may read anything', async () => {
    await withApp({}, async ({ url }) => {
      for (const [method, headers] of [
        ['GET', { origin }],
        ['OPTIONS', preflight],
      ] as const) {
        const answer = await ask(`${url}/api/v1/tags`, headers, method);
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
    });
  });

  it('lets listed origins read answers and their headers, errors too, but never with credentials', async () => {
    await withApp({ CORS_ORIGINS: origin }, async ({ url }) => {
      for (const path of ['/api/v1/tags', '/api/v1/tags?limit=x', '/nothing']) {
        const { headers } = await ask(url + path, { origin });
        expect(headers['access-control-allow-origin']).toBe(origin);
        expect(headers['access-control-allow-credentials']).toBeUndefined();
        for (const name of ['ETag', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-RateLimit-Remaining'])
          expect(String(headers['access-control-expose-headers']).split(', ')).toContain(name);
        expect(headers['vary']).toContain('Origin');
      }
      for (const other of ['https://evil.example', 'https://app.example.org.evil.example', 'null']) {
        const { headers } = await ask(`${url}/api/v1/tags`, { origin: other });
        expect(headers['access-control-allow-origin']).toBeUndefined();
        // Or a cache would give this answer to the page that may read it.
        expect(headers['vary']).toContain('Origin');
      }
    });
  });

  it('lets scripts of listed origins send a key, and read why it was not accepted', async () => {
    await withApp({ CORS_ORIGINS: origin }, async ({ url }) => {
      for (const [authorization, status] of [
        [bearer().authorization, 404],
        ['Bearer wrong', 401],
      ] as const) {
        const answer = await ask(`${url}/api/v1/sources/nothing/runs`, { origin, authorization }, 'POST');
        expect(answer.status).toBe(status);
        expect(answer.headers['access-control-allow-origin']).toBe(origin);
        expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
      }
    });
  });

  it('answers preflights before it throttles or asks for a key', async () => {
    // A bucket of its own: the tests before have asked, too.
    const own = { REDIS_PREFIX: `${environment.env.REDIS_PREFIX}-cors`, THROTTLE_DEFAULT: '1/1h' };
    await withApp({ ...own, CORS_ORIGINS: origin }, async ({ url }) => {
      const path = `${url}/api/v1/sources/quotes/runs`;
      expect((await ask(`${url}/api/v1/tags`)).status).toBe(200);
      const used = await ask(`${url}/api/v1/tags`, { origin });
      expect(used.status).toBe(429);
      expect(used.headers['access-control-allow-origin']).toBe(origin);
      for (let index = 0; index < 5; index++) {
        const answer = await ask(path, preflight, 'OPTIONS');
        expect(answer.status).toBe(204);
        expect(answer.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' });
        expect(answer.headers['access-control-allow-headers']).toContain('Authorization');
        expect(answer.headers['access-control-allow-methods']).toContain('POST');
        expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
        expect(answer.headers['x-content-type-options']).toBe('nosniff');
      }
    });
  });
});

describe('a page of another site', () => {
  const basic = `Basic ${Buffer.from(`me:${bearer('admin').authorization.split(' ')[1]}`).toString('base64')}`;
  const pause = (url: string) => `${url}/api/v1/ops/queues/low/pause`;
  const isPaused = async (url: string): Promise<unknown> =>
    (
      JSON.parse((await ask(`${url}/api/v1/ops/queues/low`, { authorization: basic })).body) as {
        paused: unknown;
      }
    ).paused;

  it.each([
    ['as browsers say', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['of a sibling domain', { 'sec-fetch-site': 'same-site', origin: 'https://evil.example.org' }],
    ['as older browsers say', { origin: 'https://evil.example' }],
    ['that hides its origin', { origin: 'null' }],
    ['with a form', { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' }],
  ])('changes nothing, although the browser adds the key: %s', async (_, headers) => {
    await withApp({}, async ({ url }) => {
      const answer = await ask(pause(url), { authorization: basic, ...headers }, 'POST');
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'http.cross_site' });
      const board = await ask(
        `${url}/ops/bull/api/queues/pause`,
        { authorization: basic, ...headers },
        'PUT',
      );
      expect(board.status).toBe(403);
      expect(await isPaused(url)).toBe(false);
    });
  });

  it('of this server, of a listed origin, and who is no page at all may', async () => {
    await withApp({ CORS_ORIGINS: 'https://app.example' }, async ({ url }) => {
      const ours: Record<string, string>[] = [
        { 'sec-fetch-site': 'same-origin', origin: url },
        { 'sec-fetch-site': 'none' },
        { origin: url },
        { 'sec-fetch-site': 'cross-site', origin: 'https://app.example' },
        {},
      ];
      for (const headers of ours) {
        expect((await ask(pause(url), { authorization: basic, ...headers }, 'POST')).status).toBe(200);
        expect(await isPaused(url)).toBe(true);
        const resume = await ask(`${url}/api/v1/ops/queues/low/resume`, { authorization: basic }, 'POST');
        expect(resume.status).toBe(200);
      }
    });
  });
});

describe('REQUIRE_HTTPS', () => {
  const env = { REQUIRE_HTTPS: 'true', TRUSTED_PROXIES: '127.0.0.0/8', HSTS_MAX_AGE_SECONDS: '600' };
  const host = 'gleaner.example.org';

  it('redirects reading to https, and keeps path and query', async () => {
    await withApp(env, async ({ url }) => {
      for (const method of ['GET', 'HEAD']) {
        const answer = await ask(`${url}/api/v1/tags?limit=1`, { host: `${host}:80` }, method);
        expect(answer.status).toBe(308);
        expect(answer.headers['location']).toBe(`https://${host}/api/v1/tags?limit=1`);
        expect(answer.headers['strict-transport-security']).toBeUndefined();
      }
    });
  });

  it('refuses what changes something or carries a key, which a redirect would send once more', async () => {
    await withApp(env, async ({ url }) => {
      const path = `${url}/api/v1/sources/quotes/runs`;
      for (const [headers, method] of [
        [{ host }, 'POST'],
        [{ host, authorization: 'Bearer x' }, 'GET'],
        [{ host: 'a b' }, 'GET'],
      ] as const) {
        const answer = await ask(path, headers, method);
        expect(answer.status).toBe(403);
        expect(JSON.parse(answer.body)).toMatchObject({ code: 'http.https_required' });
        expect(answer.headers['location']).toBeUndefined();
      }
    });
  });

  it('serves what came over TLS, and tells browsers to remember; probes come without', async () => {
    await withApp(env, async ({ url }) => {
      const answer = await ask(`${url}/api/v1/tags`, { host, 'x-forwarded-proto': 'https' });
      expect(answer.status).toBe(200);
      expect(answer.headers['strict-transport-security']).toBe('max-age=600');
      for (const path of ['/health/live', '/health/ready', '/metrics'])
        expect((await ask(url + path)).status).toBe(200);
    });
  });

  it('does not believe X-Forwarded-Proto of anybody else', async () => {
    await withApp({ ...env, TRUSTED_PROXIES: '203.0.113.0/24' }, async ({ url }) => {
      expect((await ask(`${url}/api/v1/tags`, { host, 'x-forwarded-proto': 'https' })).status).toBe(308);
    });
  });

  it('is a fault of the configuration when no proxy is trusted', async () => {
    await expect(bootApp('api', { ...environment.env, REQUIRE_HTTPS: 'true' })).rejects.toThrow(
      'TRUSTED_PROXIES',
    );
  });
});

describe('what comes too slowly, too large or never', () => {
  it('a request that does not arrive in time is 408, in its head and in its body', async () => {
    await withApp({ HTTP_REQUEST_TIMEOUT_MS: '1000' }, async ({ url }) => {
      const head = 'POST /api/v1/sources/quotes/runs HTTP/1.1\r\nHost: x\r\n';
      const body = `${head}Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{`;
      for (const bytes of [head, body]) {
        const answer = await raw(url, bytes);
        expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/);
        expect(answer).toContain('X-Content-Type-Options: nosniff');
      }
    });
  });

  it('an answer that does not come in time is 503, and the next one comes again', async () => {
    await withApp({ HTTP_HANDLER_TIMEOUT_MS: '500' }, async ({ url }) => {
      await environment.query('BEGIN');
      await environment.query('LOCK TABLE run');
      const answer = await ask(`${url}/api/v1/runs`);
      await environment.query('COMMIT');
      expect(answer.status).toBe(503);
      expect(answer.headers).toMatchObject({ 'retry-after': '5', 'cache-control': 'no-store' });
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'http.timeout' });
      await eventually('an answer', async () =>
        (await ask(`${url}/api/v1/runs`)).status === 200 ? true : undefined,
      );
    });
  });

  it('HTTP_BODY_LIMIT_BYTES bounds a body, whether or not it tells its length', async () => {
    await withApp({ HTTP_BODY_LIMIT_BYTES: '2000' }, async ({ url }) => {
      const path = `${url}/api/v1/sources/quotes/runs`;
      const json = { 'content-type': 'application/json' };
      for (const headers of [json, { ...json, 'transfer-encoding': 'chunked' }]) {
        const answer = await ask(path, headers, 'POST', JSON.stringify('x'.repeat(3000)));
        expect(answer.status).toBe(413);
        expect(JSON.parse(answer.body)).toMatchObject({ code: 'content_too_large' });
      }
    });
  });

  it('a body of another kind is 415, one that would poison prototypes 400, one without end in depth no 500', async () => {
    await withApp({}, async ({ url }) => {
      const post = async (type: string, body: string) =>
        ask(`${url}/api/v1/sources/quotes/runs`, { 'content-type': type }, 'POST', body);
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'x/y'])
        expect((await post(type, 'a=b')).status, type).toBe(415);
      expect((await post('application/json', '{"__proto__":{"admin":true}}')).status).toBe(400);
      expect((await post('application/json', '{"constructor":{"prototype":{"a":1}}}')).status).toBe(400);
      expect((await post('application/json', '['.repeat(500_000))).status).toBe(400);
      expect((await post('application/json', '['.repeat(400_000) + ']'.repeat(400_000))).status).toBeLessThan(
        500,
      );
    });
  });
});
