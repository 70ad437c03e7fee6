import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { bootApp, type TestApp } from '../support/test-app.js';
import { bearer } from '../support/test-key.js';

let environment: TestEnvironment;
let count = 0;

beforeAll(async () => {
  environment = await createEnvironment({ THROTTLE_REDIS_TIMEOUT_MS: '10000' });
});
afterAll(() => environment?.dispose());

/** An app with buckets of its own. */
async function withApp(env: Record<string, string>, use: (app: TestApp) => Promise<void>): Promise<void> {
  const prefix = `${environment.env['REDIS_PREFIX']}-${count++}`;
  const app = await bootApp('api', { ...environment.env, REDIS_PREFIX: prefix, ...env });
  try {
    await use(app);
  } finally {
    await app.close();
  }
}

const remaining = (answer: Response): number => Number(answer.headers.get('x-ratelimit-remaining'));
const from = (address: string, header = 'x-forwarded-for') => ({ headers: { [header]: address } });

describe('how its client stands', () => {
  it('is in every answer, whatever it is and wherever it comes from', async () => {
    await withApp({ THROTTLE_DEFAULT: '500/1h' }, async ({ url }) => {
      const json = { 'content-type': 'application/json' };
      const runs = `${url}/api/v1/sources/quotes/runs`;
      const etag = (await fetch(`${url}/api/v1/tags`)).headers.get('etag') ?? '';
      const asked: [status: number, answer: Promise<Response>][] = [
        [200, fetch(`${url}/api/v1/tags`)],
        [200, fetch(`${url}/api/v1/tags`, { method: 'HEAD' })],
        [304, fetch(`${url}/api/v1/tags`, { headers: { 'if-none-match': etag } })],
        [400, fetch(`${url}/api/v1/quotes?limit=0`)],
        [400, fetch(`${url}/api/v1/%zz`)],
        [400, fetch(runs, { method: 'POST', headers: json, body: '{' })],
        [401, fetch(`${url}/api/v1/tags`, { headers: { authorization: 'Bearer nonsense' } })],
        [401, fetch(runs, { method: 'POST' })],
        [404, fetch(`${url}/nowhere`)],
        [404, fetch(`${url}/api/v1/quotes/4711`)],
        [404, fetch(`${url}/api/v1/tags`, { method: 'DELETE' })],
        [413, fetch(runs, { method: 'POST', headers: json, body: 'x'.repeat(2_000_000) })],
        [415, fetch(runs, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' })],
        [200, fetch(`${url}/docs`)],
        [200, fetch(`${url}/docs/openapi.json`)],
      ];
      for (const [status, answer] of asked) {
        const { headers, status: got, url: where } = await answer;
        expect(got, where).toBe(status);
        expect(headers.get('ratelimit-policy'), where).toContain('"default";q=500;w=3600');
        expect(headers.get('ratelimit'), where).toMatch(/^"default";r=\d+;t=\d+/);
        expect(Number(headers.get('x-ratelimit-limit')), where).toBeGreaterThan(0);
        expect(Number(headers.get('x-ratelimit-remaining')), where).toBeGreaterThan(0);
        expect(Number(headers.get('x-ratelimit-reset')), where).toBeGreaterThan(0);
        expect(headers.get('retry-after'), where).toBeNull();
      }
      // Each has been counted once, and only once.
      expect(remaining(await fetch(`${url}/api/v1/tags`))).toBe(500 - asked.length - 2);
    });
  });

  it('is not in those of health and metrics, which cost nothing', async () => {
    await withApp({ THROTTLE_DEFAULT: '2/1h' }, async ({ url }) => {
      for (const path of ['/health/live', '/health/ready', '/metrics', '/health/live', '/metrics']) {
        const answer = await fetch(url + path);
        expect(answer.status).toBe(200);
        expect(answer.headers.get('ratelimit')).toBeNull();
      }
      expect(remaining(await fetch(`${url}/api/v1/tags`))).toBe(1);
    });
  });
});

describe('a client that has used up its limit', () => {
  it.each(['/api/v1/tags', '/nowhere', '/docs', '/docs/openapi.json', '/api/v1/%zz'])(
    'is refused at %s, with a problem that says when to come back',
    async (path) => {
      await withApp({ THROTTLE_DEFAULT: '2/20s' }, async ({ url }) => {
        for (let i = 0; i < 2; i++) expect((await fetch(url + path)).status).not.toBe(429);
        const refused = await fetch(url + path);
        expect(refused.status).toBe(429);
        expect(refused.headers.get('content-type')).toContain('application/problem+json');
        expect(refused.headers.get('cache-control')).toBe('no-store');
        expect(refused.headers.get('ratelimit')).toMatch(/^"default";r=0;t=(19|20)$/);
        const wait = Number(refused.headers.get('retry-after'));
        expect(wait).toBeGreaterThan(0);
        expect(wait).toBeLessThanOrEqual(10);
        expect(await refused.json()).toMatchObject({
          status: 429,
          code: 'too_many_requests',
          limit: { name: 'default', requests: 2, windowSeconds: 20 },
          retryAfterSeconds: wait,
          instance: refused.headers.get('x-request-id'),
        });
      });
    },
  );

  it('is refused, too, for what fails before the route is reached', async () => {
    await withApp({ THROTTLE_DEFAULT: '2/1h' }, async ({ url }) => {
      const statuses = [];
      for (let i = 0; i < 4; i++) {
        const answer = await fetch(`${url}/api/v1/sources/quotes/runs`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{',
        });
        expect(await answer.json()).toMatchObject({ status: answer.status });
        statuses.push(answer.status);
      }
      expect(statuses).toEqual([400, 400, 429, 429]);
    });
  });

  it('passes from a network that is not limited', async () => {
    await withApp({ THROTTLE_DEFAULT: '1/1h', THROTTLE_ALLOW: '127.0.0.0/8' }, async ({ url }) => {
      for (let i = 0; i < 5; i++) {
        const answer = await fetch(`${url}/api/v1/tags`);
        expect(answer.status).toBe(200);
        expect(answer.headers.get('ratelimit')).toBeNull();
      }
    });
  });
});

describe('limits of some routes', () => {
  it('count beside the one of all, and a refusal by them costs nothing of it', async () => {
    const env = { THROTTLE_DEFAULT: '10/1h', THROTTLE_SEARCH: '2/1h', THROTTLE_RUN: '1/1h' };
    await withApp(env, async ({ url }) => {
      const search = () => fetch(`${url}/api/v1/quotes?q=life`);
      const first = await search();
      expect(first.headers.get('ratelimit-policy')).toBe('"default";q=10;w=3600, "search";q=2;w=3600');
      expect(first.headers.get('ratelimit')).toMatch(/^"default";r=9;t=360, "search";r=1;t=1800$/);
      expect(first.headers.get('x-ratelimit-limit')).toBe('2');
      expect((await search()).status).toBe(200);
      for (let i = 0; i < 3; i++) {
        const refused = await search();
        expect(refused.status).toBe(429);
        expect(await refused.json()).toMatchObject({ limit: { name: 'search' } });
      }
      // Without a search the same list counts as any other.
      const plain = await fetch(`${url}/api/v1/quotes`);
      expect(plain.headers.get('ratelimit')).toMatch(/^"default";r=7;t=\d+$/);
      const run = () => fetch(`${url}/api/v1/sources/unknown/runs`, { method: 'POST' });
      expect((await run()).headers.get('ratelimit')).toMatch(/"run";r=0/);
      const refused = await run();
      expect(await refused.json()).toMatchObject({ status: 429, limit: { name: 'run' } });
    });
  });

  it('and the one of all may end first', async () => {
    await withApp({ THROTTLE_DEFAULT: '1/1h' }, async ({ url }) => {
      expect((await fetch(`${url}/api/v1/quotes?q=life`)).status).toBe(200);
      const refused = await fetch(`${url}/api/v1/quotes?q=life`);
      expect(await refused.json()).toMatchObject({ status: 429, limit: { name: 'default' } });
      expect(refused.headers.get('ratelimit')).toMatch(/"search";r=299/);
    });
  });
});

describe('a client', () => {
  it('with a key is that key, wherever it is and wherever it asks; without one it is its address', async () => {
    await withApp({ THROTTLE_DEFAULT: '10/1h', TRUSTED_PROXIES: '127.0.0.1' }, async ({ url }) => {
      const left = async (path: string, address: string, key = {}) =>
        remaining(await fetch(url + path, { headers: { 'x-forwarded-for': address, ...key } }));
      expect(await left('/api/v1/tags', '192.0.2.1', bearer('viewer'))).toBe(9);
      expect(await left('/api/v1/tags', '192.0.2.2', bearer('viewer'))).toBe(8);
      expect(await left('/nowhere', '192.0.2.3', bearer('viewer'))).toBe(7);
      expect(await left('/docs', '192.0.2.3', bearer('viewer'))).toBe(6);
      expect(await left('/api/v1/tags', '192.0.2.1', bearer('operator'))).toBe(9);
      expect(await left('/api/v1/tags', '192.0.2.1')).toBe(9);
      // A key that nobody knows is nobody.
      expect(await left('/api/v1/tags', '192.0.2.1', { authorization: 'Bearer nonsense' })).toBe(8);
    });
  });

  it('is a /64 of IPv6, and one address of IPv4 in both of its spellings', async () => {
    await withApp({ THROTTLE_DEFAULT: '10/1h', TRUSTED_PROXIES: '127.0.0.1' }, async ({ url }) => {
      const left = async (address: string) => remaining(await fetch(`${url}/api/v1/tags`, from(address)));
      expect(await left('2001:db8:1:2::1')).toBe(9);
      expect(await left('[2001:db8:1:2:ffff::9]:443')).toBe(8);
      expect(await left('2001:db8:1:3::1')).toBe(9);
      expect(await left('192.0.2.1')).toBe(9);
      expect(await left('::ffff:192.0.2.1')).toBe(8);
      expect(await left('192.0.2.1:4711')).toBe(7);
    });
  });

  it('is what the proxy says in the header that it writes, and no other', async () => {
    const env = { THROTTLE_DEFAULT: '10/1h', TRUSTED_PROXIES: '127.0.0.1', PROXY_HEADER: 'forwarded' };
    await withApp(env, async ({ url }) => {
      const left = async (headers: Record<string, string>) =>
        remaining(await fetch(`${url}/api/v1/tags`, { headers }));
      expect(await left({ forwarded: 'for=192.0.2.1' })).toBe(9);
      expect(await left({ forwarded: 'for="bogus", for=192.0.2.1;proto=https' })).toBe(8);
      expect(await left({ forwarded: 'for=192.0.2.1', 'x-forwarded-for': '192.0.2.77' })).toBe(7);
      expect(await left({ 'x-forwarded-for': '192.0.2.1' })).toBe(9);
    });
  });

  it('stays the same, whatever it forges, when no proxy is trusted', async () => {
    await withApp({ THROTTLE_DEFAULT: '10/1h' }, async ({ url }) => {
      const forged = ['192.0.2.1', '127.0.0.1', '::1', 'unknown', 'for=192.0.2.1', '"', ', ,'];
      for (const [index, address] of forged.entries()) {
        const headers = { 'x-forwarded-for': address, forwarded: address, 'x-real-ip': address };
        expect(remaining(await fetch(`${url}/api/v1/tags`, { headers }))).toBe(9 - index);
      }
    });
  });
});

describe('the metrics', () => {
  it('count decisions by limit and result, from zero on', async () => {
    await withApp({ THROTTLE_DEFAULT: '3/1h', THROTTLE_SEARCH: '1/1h' }, async ({ url }) => {
      const metric = async (name: string) =>
        (await (await fetch(`${url}/metrics`)).text())
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.split(' ')[1];
      const decisions = (limit: string, result: string) =>
        metric(`gleaner_throttle_decisions_total{limit="${limit}",result="${result}"}`);
      expect(await decisions('default', 'throttled')).toBe('0');
      for (const path of ['tags', 'quotes?q=a', 'quotes?q=a', 'tags', 'tags'])
        await fetch(`${url}/api/v1/${path}`);
      expect(await decisions('default', 'passed')).toBe('2');
      expect(await decisions('default', 'throttled')).toBe('1');
      expect(await decisions('search', 'passed')).toBe('1');
      expect(await decisions('search', 'throttled')).toBe('1');
      expect(await decisions('run', 'passed')).toBe('0');
      expect(Number(await decisions('none', 'exempt'))).toBeGreaterThan(3);
      expect(await metric('gleaner_throttle_fallback')).toBe('0');
      expect(await metric('gleaner_throttle_local_decisions_total')).toBe('0');
      expect(await metric('gleaner_throttle_decision_duration_seconds_count')).toBe('5');
    });
  });
});

describe('two processes', () => {
  it('let exactly N of a thousand concurrent requests pass', async () => {
    const env = { ...environment.env, MODE: 'api', THROTTLE_DEFAULT: '271/1d', LOG_LEVEL: 'info' };
    const processes = [GleanerProcess.spawn(env), GleanerProcess.spawn(env)];
    try {
      const urls = await Promise.all(processes.map((one) => one.listening(60_000)));
      const answers = await Promise.all(
        Array.from({ length: 1000 }, async (_, index) => {
          // Some of them where no guard is: they take from the same bucket.
          const answer = await fetch(urls[index % 2] + (index % 10 < 8 ? '/api/v1/tags' : '/nowhere'));
          await answer.arrayBuffer();
          return answer.status;
        }),
      );
      const refused = answers.filter((status) => status === 429);
      expect(answers.filter((status) => ![200, 404, 429].includes(status))).toEqual([]);
      expect(answers.length - refused.length).toBe(271);
    } finally {
      for (const one of processes) one.kill('SIGKILL');
      await Promise.all(processes.map((one) => one.exit()));
    }
  });
});
