import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let site: Site;
let environment: TestEnvironment;
let app: TestApp;
let api: Api;

beforeAll(async () => {
  site = await startSite();
  environment = await createEnvironment({ QUOTES_START_URL: site.url });
  app = await bootApp('all', environment.env);
  api = new Api(app.url);
  await api.scrape();
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
  await site?.close();
});

interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  body: Buffer;
}

/** What really comes over the wire: fetch would unpack it and hide how it was packed. */
async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(app.url + path, { method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers as Answer['headers'],
          body: Buffer.concat(parts),
        }),
      );
    })
      .on('error', reject)
      .end();
  });
}

const PATHS = [
  '/api/v1/quotes',
  '/api/v1/quotes?limit=100',
  '/api/v1/authors',
  '/api/v1/authors?limit=1',
  '/api/v1/tags?limit=3',
  '/api/v1/sources',
  '/api/v1/sources/quotes',
];

describe('an answer from the cache', () => {
  it.each(PATHS)('%s has a strong tag, and is not sent to whoever has it', async (path) => {
    const first = await ask(path);
    expect(first.status).toBe(200);
    const etag = first.headers['etag'] ?? '';
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    expect(first.headers).toMatchObject({
      'cache-control': 'public, max-age=5, stale-while-revalidate=5',
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(first.body.length),
    });
    expect(first.headers['vary']).toContain('Accept-Encoding');
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await ask(path, { 'if-none-match': header });
      expect([header, again.status, again.body.length]).toEqual([header, 304, 0]);
      expect(again.headers).toMatchObject({ etag, 'cache-control': first.headers['cache-control'] });
      expect(again.headers['content-type']).toBeUndefined();
    }
    for (const header of ['"other"', etag.slice(1, -1), ''])
      expect((await ask(path, { 'if-none-match': header })).status).toBe(200);
  });

  it.each(PATHS)('%s has the same head by HEAD', async (path) => {
    const get = await ask(path);
    const head = await ask(path, {}, 'HEAD');
    expect([head.status, head.body.length]).toEqual([200, 0]);
    for (const name of ['etag', 'content-length', 'content-type', 'cache-control', 'vary'])
      expect([name, head.headers[name]]).toEqual([name, get.headers[name]]);
    const known = await ask(path, { 'if-none-match': get.headers['etag'] ?? '' }, 'HEAD');
    expect(known.status).toBe(304);
  });

  it('has another tag when it has changed', async () => {
    const path = '/api/v1/quotes?limit=5';
    const before = (await ask(path)).headers['etag'] ?? '';
    await api.scrape();
    const after = await ask(path, { 'if-none-match': before });
    expect(after.status).toBe(200);
    expect(after.headers['etag']).not.toBe(before);
  });

  it('is packed when it is large, as the client likes it, each form with a tag of its own', async () => {
    const path = '/api/v1/quotes?limit=50';
    const plain = await ask(path);
    const tags = new Set([plain.headers['etag']]);
    expect(plain.headers['content-encoding']).toBeUndefined();
    for (const [accept, encoding, unpack] of [
      ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
      ['gzip', 'gzip', gunzipSync],
      ['br;q=0.1, gzip;q=0.2', 'gzip', gunzipSync],
    ] as const) {
      const headers = { 'accept-encoding': accept };
      const packed = await ask(path, headers);
      expect(packed.headers).toMatchObject({
        'content-encoding': encoding,
        'content-length': String(packed.body.length),
      });
      expect(packed.body.length).toBeLessThan(plain.body.length / 2);
      expect(unpack(packed.body)).toEqual(plain.body);
      const etag = packed.headers['etag'] ?? '';
      tags.add(etag);
      expect((await ask(path, { ...headers, 'if-none-match': etag })).status).toBe(304);
      // What it has is another form than it would get.
      expect((await ask(path, { 'if-none-match': etag })).status).toBe(200);
      const head = await ask(path, headers, 'HEAD');
      expect(head.headers).toMatchObject({ etag, 'content-encoding': encoding });
    }
    expect(tags.size).toBe(3);
    const refused = await ask(path, { 'accept-encoding': 'br;q=0, gzip;q=0' });
    expect(refused.headers['content-encoding']).toBeUndefined();
  });

  it('is not packed when it is small', async () => {
    const small = await ask('/api/v1/tags?limit=1', { 'accept-encoding': 'br' });
    expect(small.headers['content-encoding']).toBeUndefined();
    expect(JSON.parse(small.body.toString())).toMatchObject({ items: [{}] });
  });
});

describe('what must not be kept', () => {
  it.each([
    ['/api/v1/quotes/999999', 404],
    ['/api/v1/quotes?limit=0', 400],
    ['/api/v1/sources/nothing', 404],
    ['/api/v1/quotes/random', 200],
    ['/api/v1/runs', 200],
    ['/health/ready', 200],
    ['/metrics', 200],
  ])('%s (%i) says so', async (path, status) => {
    const answer = await ask(path, { 'if-none-match': '*' });
    expect([answer.status, answer.headers['cache-control']]).toEqual([
      status,
      expect.stringContaining('no-store'),
    ]);
    expect(answer.headers['etag']).toBeUndefined();
  });
});

describe('metrics', () => {
  it('tell what the cache does, by kinds of reads and never by keys', async () => {
    await ask('/api/v1/quotes?limit=23&q=unheard');
    await ask('/api/v1/quotes?limit=23&q=unheard');
    const metrics = (await ask('/metrics')).body.toString();
    for (const line of [
      'gleaner_cache_requests_total{cache="quotes",result="hit",tier="memory"} ',
      'gleaner_cache_hit_ratio{cache="quotes"} 0.',
      'gleaner_cache_fetch_duration_seconds_count{cache="quotes",outcome="found"} ',
      'gleaner_cache_memory_entries ',
      'gleaner_cache_circuit_open 0',
      // How many depends on how busy the machine is.
      'gleaner_cache_redis_errors_total ',
      'gleaner_cache_redis_corrupt_total 0',
    ])
      expect(metrics).toContain(line);
    expect(metrics).not.toContain('unheard');
  });
});
