import type { RequestListener, ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetcherWith, fetchUrl } from '../../../../test/support/fetchers.js';
import { WebServer } from '../../../../test/support/web-server.js';
import {
  BodyTooLargeError,
  ContentEncodingError,
  ContentTypeError,
  HttpStatusError,
  RefusedUrlError,
} from './fetch.errors.js';
import type { FetchAnswer, FetchRequest, HttpFetcher } from './http-fetcher.js';

const USER_AGENT = 'GleanerSpec/1.0 (+https://example.org)';

let server: WebServer;
let fetcher: HttpFetcher;

beforeEach(async () => {
  server = await WebServer.start();
  fetcher = fetcherWith({ SCRAPE_USER_AGENT: USER_AGENT, SCRAPE_MAX_BODY_BYTES: '100000' });
});
afterEach(async () => {
  await fetcher.onApplicationShutdown();
  await server.close();
});

const fetchPath = (path = '/', request: Partial<FetchRequest> = {}): Promise<FetchAnswer> =>
  fetchUrl(fetcher, server.origin + path, request);

function html(response: ServerResponse, body: string | Buffer, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body);
}

const status =
  (code: number, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(code, headers).end();

describe('fetching a page', () => {
  it('gives its text, its size and its address', async () => {
    server.answer = (_, response) => html(response, '<p>café');
    expect(await fetchPath('/a?b=1#c')).toEqual({
      kind: 'page',
      url: new URL(`${server.origin}/a?b=1#c`),
      status: 200,
      text: '<p>café',
      bytes: 8,
      latencyMs: expect.any(Number) as number,
      validators: {},
    });
    expect(server.paths).toEqual(['/a?b=1']);
  });

  it('says who asks, for what, and which encodings it takes', async () => {
    server.answer = (_, response) => html(response, '');
    await fetchPath();
    expect(server.requests[0]?.headers).toMatchObject({
      'user-agent': USER_AGENT,
      accept: expect.stringContaining('text/html') as string,
      'accept-encoding': 'gzip, deflate, br',
    });
  });

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', (body: Buffer) => body],
  ])('unpacks %s, and counts the bytes unpacked', async (encoding, pack) => {
    const body = Buffer.from('<p>café '.repeat(100));
    server.answer = (_, response) => html(response, pack(body), { 'content-encoding': encoding });
    expect(await fetchPath()).toMatchObject({ text: body.toString(), bytes: body.length });
  });

  it.each(['zstd', 'gzip, br'])(
    'refuses the encoding "%s", which it cannot unpack, rather than read noise',
    async (encoding) => {
      server.answer = (_, response) => html(response, gzipSync('<p>x'), { 'content-encoding': encoding });
      await expect(fetchPath()).rejects.toThrow(ContentEncodingError);
    },
  );

  it.each(['text/html', 'TEXT/HTML; charset=utf-8', 'application/xhtml+xml', ''])(
    'takes "%s" for HTML',
    async (type) => {
      server.answer = (_, response) => html(response, 'x', { 'content-type': type });
      expect(await fetchPath()).toMatchObject({ text: 'x' });
    },
  );

  it.each(['application/json', 'text/plain', 'image/png', 'application/pdf; x=text/html'])(
    'refuses %s',
    async (type) => {
      server.answer = (_, response) => html(response, 'x', { 'content-type': type });
      await expect(fetchPath()).rejects.toThrow(ContentTypeError);
    },
  );

  it('decodes with the charset of the header', async () => {
    server.answer = (_, response) =>
      html(response, Buffer.from('caf\u00e9', 'latin1'), { 'content-type': 'text/html; charset=latin1' });
    expect(await fetchPath()).toMatchObject({ text: 'café' });
  });

  it.each([
    ['pages', 200],
    ['redirects', 302],
    ['errors', 404],
  ])('keeps the connection of an origin after %s', async (_, code) => {
    server.answer = (__, response) =>
      void response
        .writeHead(code, { 'content-type': 'text/html', location: '/' })
        // More than waits in a buffer until somebody reads it.
        .end('x'.repeat(100_000));
    for (let page = 0; page < 10; page++) await Promise.allSettled([fetchPath(`/${page}`)]);
    // A second one is opened when a request follows in the same moment in which the last answer has ended.
    expect(server.requests).toHaveLength(10);
    expect(new Set(server.requests.map(({ socket }) => socket)).size).toBeLessThanOrEqual(2);
  });

  it('goes to the host itself, whatever proxy the environment names', async () => {
    const proxy = 'http://127.0.0.1:1/';
    const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'];
    try {
      for (const name of names) process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : proxy;
      server.answer = (_, response) => html(response, 'direct');
      const direct = fetcherWith();
      expect(await fetchUrl(direct, server.origin)).toMatchObject({ text: 'direct' });
      await direct.onApplicationShutdown();
    } finally {
      for (const name of names) delete process.env[name];
    }
  });
});

describe('an answer that is no page', () => {
  it.each([
    [404, false, false],
    [410, false, false],
    [403, false, false],
    [204, false, false],
    [304, false, false],
    [302, false, false],
    [408, true, false],
    [429, true, false],
    [500, true, true],
    [501, false, true],
    [502, true, true],
    [503, true, true],
    [504, true, true],
  ])(
    'with status %i: trying again may help: %s, the host is in trouble: %s',
    async (code, retryable, hostFailure) => {
      server.answer = status(code);
      const error = await fetchPath('/gone').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(HttpStatusError);
      expect(error).toMatchObject({ status: code, retryable, hostFailure, code: 'fetch.status' });
      expect((error as Error).message).toContain(`${server.origin}/gone answered with status ${code}`);
    },
  );

  it('can ask to be left alone', async () => {
    server.answer = status(429, { 'retry-after': '120' });
    await expect(fetchPath()).rejects.toMatchObject({ retryAfterMs: 120_000 });
    server.answer = status(503, {
      date: 'Sun, 06 Nov 1994 08:49:37 GMT',
      'retry-after': 'Sun, 06 Nov 1994 08:50:37 GMT',
    });
    await expect(fetchPath()).rejects.toMatchObject({ status: 503, retryAfterMs: 60_000 });
    server.answer = status(503);
    await expect(fetchPath()).rejects.toMatchObject({ status: 503, retryAfterMs: undefined });
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('with %i is told, not followed; relative or absolute', async (code) => {
    const table: Record<string, string> = {
      '/a/b': 'c?d',
      '/e': `${server.origin}/f#g`,
      '/h': '//example.org/',
    };
    server.answer = (request, response) =>
      void response.writeHead(code, { location: table[request.url ?? ''] }).end('moved');
    const locationOf = async (path: string): Promise<unknown> => {
      const answer = await fetchPath(path);
      expect(answer).toMatchObject({ kind: 'redirect', status: code, url: new URL(server.origin + path) });
      return answer.kind === 'redirect' && answer.location.href;
    };
    expect(await locationOf('/a/b')).toBe(`${server.origin}/a/c?d`);
    expect(await locationOf('/e')).toBe(`${server.origin}/f#g`);
    expect(await locationOf('/h')).toBe('http://example.org/');
    expect(server.paths).toEqual(['/a/b', '/e', '/h']);
  });

  it('to what is no URL is refused', async () => {
    server.answer = status(302, { location: 'http://[half' });
    await expect(fetchPath()).rejects.toThrow(RefusedUrlError);
  });

  it('whose body never ends is an answer all the same', async () => {
    server.answer = (_, response) => void response.writeHead(302, { location: '/next' }).write('moved');
    expect(await fetchPath()).toMatchObject({ kind: 'redirect' });
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[::ffff:169.254.169.254]/',
    'http://2852039166/',
    'http://[fd00:ec2::254]/',
    'http://user:password@example.org/',
    'http://example.org:22/',
    'ftp://example.org/',
    'file:///etc/passwd',
    'data:text/html,x',
  ])('to %s is refused by whoever follows it', async (location) => {
    server.answer = status(302, { location });
    const answer = await fetchPath();
    expect(answer.kind).toBe('redirect');
    const next = answer.kind === 'redirect' ? answer.location : answer.url;
    await expect(fetchUrl(fetcher, next.href)).rejects.toMatchObject({
      code: expect.stringMatching(/^fetch\.(refused_url|blocked_address)$/) as string,
      retryable: false,
      hostFailure: false,
    });
  });
});

describe('asking for a page again', () => {
  const validators = { etag: 'W/"v1"', lastModified: 'Sun, 06 Nov 1994 08:49:37 GMT' };

  it('costs a 304 when it is still the same', async () => {
    server.answer = (request, response) => {
      if (request.headers['if-none-match'] === validators.etag) response.writeHead(304).end();
      else html(response, 'x', { etag: validators.etag, 'last-modified': validators.lastModified });
    };
    expect(await fetchPath()).toMatchObject({ kind: 'page', validators });
    expect(await fetchPath('/', { validators })).toMatchObject({ kind: 'not-modified', status: 304 });
    expect(server.requests[0]?.headers).not.toHaveProperty('if-none-match');
    expect(server.requests[1]?.headers).toMatchObject({
      'if-none-match': validators.etag,
      'if-modified-since': validators.lastModified,
    });
  });

  it('gives the page when it is another, with its own validators', async () => {
    server.answer = (_, response) => html(response, 'new', { etag: '"v2"' });
    expect(await fetchPath('/', { validators })).toMatchObject({
      kind: 'page',
      text: 'new',
      validators: { etag: '"v2"' },
    });
  });

  it.each([
    ['longer than is worth keeping', 'x'.repeat(257)],
    ['not text', 'caf\u00e9'],
  ])('does without a validator that is %s', async (_, etag) => {
    server.answer = (request, response) => html(response, '', { etag });
    expect(await fetchPath()).toMatchObject({ validators: {} });
    await fetchPath('/', { validators: { etag: `${etag}\r\nx-injected: 1` } });
    expect(server.requests[1]?.headers).not.toHaveProperty('if-none-match');
    expect(server.requests[1]?.headers).not.toHaveProperty('x-injected');
  });
});

describe('a sitemap', () => {
  const xml = '<urlset/>';

  it.each(['application/xml', 'text/xml; charset=utf-8', 'application/rss+xml', 'text/plain', ''])(
    'may come as "%s"',
    async (type) => {
      server.answer = (_, response) => html(response, xml, { 'content-type': type });
      expect(await fetchPath('/', { accept: 'xml' })).toMatchObject({ text: xml, bytes: xml.length });
    },
  );

  it('may not come as HTML', async () => {
    server.answer = (_, response) => html(response, '<p>not found');
    await expect(fetchPath('/', { accept: 'xml' })).rejects.toThrow(ContentTypeError);
  });

  it.each(['application/gzip', 'application/x-gzip', 'application/octet-stream', 'application/xml'])(
    'may be a gzip file that comes as %s, also packed once more on its way',
    async (type) => {
      const file = gzipSync(xml);
      server.answer = (_, response) => html(response, file, { 'content-type': type });
      expect(await fetchPath('/', { accept: 'xml' })).toMatchObject({ text: xml, bytes: xml.length });
      server.answer = (_, response) =>
        html(response, gzipSync(file), { 'content-type': type, 'content-encoding': 'gzip' });
      expect(await fetchPath('/', { accept: 'xml' })).toMatchObject({ text: xml });
    },
  );

  it('is refused when the gzip file unpacks to more than is allowed, and taken up to the last byte', async () => {
    let size = 1000;
    server.answer = (_, response) =>
      html(response, gzipSync('x'.repeat(size)), { 'content-type': 'application/gzip' });
    expect(await fetchPath('/', { accept: 'xml', maxBodyBytes: 1000 })).toMatchObject({ bytes: 1000 });
    size = 1001;
    await expect(fetchPath('/', { accept: 'xml', maxBodyBytes: 1000 })).rejects.toThrow(BodyTooLargeError);
  });

  it('that ends in the middle of the gzip file is worth another try', async () => {
    server.answer = (_, response) =>
      html(response, gzipSync(xml).subarray(0, 15), { 'content-type': 'application/gzip' });
    await expect(fetchPath('/', { accept: 'xml' })).rejects.toMatchObject({ code: 'fetch.connection' });
  });
});

describe('a text', () => {
  it('is taken as whatever it comes, for servers say anything of robots.txt', async () => {
    for (const type of ['text/plain', 'text/html', 'application/json', '']) {
      server.answer = (_, response) => html(response, 'User-agent: *', { 'content-type': type });
      expect(await fetchPath('/', { accept: 'text' })).toMatchObject({ text: 'User-agent: *' });
    }
  });

  it('that is too long is cut, not refused', async () => {
    server.answer = (_, response) => html(response, 'x'.repeat(2000), { 'content-type': 'text/plain' });
    expect(await fetchPath('/', { accept: 'text', maxBodyBytes: 1000 })).toMatchObject({
      text: 'x'.repeat(1000),
      bytes: 1000,
    });
  });
});
