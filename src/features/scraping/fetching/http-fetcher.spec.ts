import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ConnectionFailedError,
  ContentTypeError,
  FetchError,
  HttpStatusError,
  RefusedUrlError,
  TooManyRedirectsError,
} from './fetch.errors.js';
import { type FetchedPage, HttpFetcher } from './http-fetcher.js';

const config = {
  userAgent: 'GleanerSpec/1.0 (+https://example.org)',
  timeoutMs: 20_000,
  maxBodyBytes: 100_000,
  maxRedirects: 3,
  retries: 0,
  retryBaseMs: 1,
};

let server: Server;
let origin: string;
let answer: RequestListener;
let requests: IncomingMessage[];
let fetcher: HttpFetcher;

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  fetcher = new HttpFetcher(config);
});
afterEach(async () => {
  await fetcher.onApplicationShutdown();
  server.closeAllConnections();
  server.close();
});

const fetchPath = (path = '/'): Promise<FetchedPage> =>
  fetcher.fetch(origin + path, new AbortController().signal);

function html(response: ServerResponse, body: string | Buffer, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body);
}

const paths = (): (string | undefined)[] => requests.map(({ url }) => url);

/** Answers each path as the table says: a status alone, or a redirect to the location. */
function redirecting(table: Record<string, string | undefined>, status = 302): void {
  answer = (request, response) => {
    const location = table[request.url ?? ''];
    if (location === undefined) html(response, `page ${request.url}`);
    else response.writeHead(status, { location }).end('moved');
  };
}

describe('fetching a page', () => {
  it('gives its text, its size and its address', async () => {
    answer = (_, response) => html(response, '<p>café');
    expect(await fetchPath('/a?b=1#c')).toEqual({ url: `${origin}/a?b=1#c`, html: '<p>café', bytes: 8 });
    expect(paths()).toEqual(['/a?b=1']);
  });

  it('says who asks, for what, and which encodings it takes', async () => {
    answer = (_, response) => html(response, '');
    await fetchPath();
    expect(requests[0]?.headers).toMatchObject({
      'user-agent': config.userAgent,
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
    answer = (_, response) => html(response, pack(body), { 'content-encoding': encoding });
    expect(await fetchPath()).toMatchObject({ html: body.toString(), bytes: body.length });
  });

  it.each(['zstd', 'gzip, br'])(
    'refuses the encoding "%s", which it cannot unpack, rather than read noise',
    async (encoding) => {
      answer = (_, response) => html(response, gzipSync('<p>x'), { 'content-encoding': encoding });
      await expect(fetchPath()).rejects.toThrow(FetchError);
    },
  );

  it.each(['text/html', 'TEXT/HTML; charset=utf-8', 'application/xhtml+xml', ''])(
    'takes "%s" for HTML',
    async (type) => {
      answer = (_, response) => html(response, 'x', { 'content-type': type });
      expect((await fetchPath()).html).toBe('x');
    },
  );

  it.each(['application/json', 'text/plain', 'image/png', 'application/pdf; x=text/html'])(
    'refuses %s',
    async (type) => {
      answer = (_, response) => html(response, 'x', { 'content-type': type });
      await expect(fetchPath()).rejects.toThrow(ContentTypeError);
    },
  );

  it('decodes with the charset of the header', async () => {
    answer = (_, response) =>
      html(response, Buffer.from('caf\u00e9', 'latin1'), { 'content-type': 'text/html; charset=latin1' });
    expect((await fetchPath()).html).toBe('café');
  });

  it.each([
    [404, false],
    [410, false],
    [403, false],
    [204, false],
    [304, false],
    [302, false],
    [408, true],
    [429, true],
    [500, true],
    [502, true],
    [503, true],
    [504, true],
  ])('fails on status %i; trying again may help: %s', async (status, retryable) => {
    answer = (_, response) => response.writeHead(status).end();
    const error = await fetchPath('/gone').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HttpStatusError);
    expect(error).toMatchObject({ status, retryable, code: 'fetch.status' });
    expect((error as Error).message).toContain(`${origin}/gone answered with status ${status}`);
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('with %i is followed, relative or absolute', async (status) => {
    redirecting({ '/a/b': 'c?d', '/a/c?d': `${origin}/e`, '/e': '/f#g' }, status);
    expect(await fetchPath('/a/b')).toMatchObject({ url: `${origin}/f#g`, html: 'page /f' });
    expect(paths()).toEqual(['/a/b', '/a/c?d', '/e', '/f']);
  });

  it('too many is refused, after as many as are allowed', async () => {
    redirecting({ '/1': '/2', '/2': '/3', '/3': '/4', '/4': '/5' });
    await expect(fetchPath('/1')).rejects.toThrow(TooManyRedirectsError);
    expect(paths()).toEqual(['/1', '/2', '/3', '/4']);
    expect(await fetchPath('/2')).toMatchObject({ url: `${origin}/5` });
  });

  it('to itself does not go on for ever', async () => {
    redirecting({ '/loop': '/loop' });
    await expect(fetchPath('/loop')).rejects.toMatchObject({ code: 'fetch.redirects', retryable: false });
    expect(requests).toHaveLength(config.maxRedirects + 1);
  });

  it.each([
    ['another name of this very server', () => origin.replace('127.0.0.1', 'localhost')],
    ['another host', () => 'http://169.254.169.254/latest/meta-data'],
    ['another host, without a scheme', () => '//example.org/'],
    ['another host, with this one as user name', () => 'http://127.0.0.1@example.org/'],
    ['another scheme', () => origin.replace('http:', 'ftp:')],
    ['a file', () => 'file:///etc/passwd'],
    ['data', () => 'data:text/html,x'],
    ['no URL at all', () => 'http://[half'],
  ])('to %s is refused, and nothing is asked there', async (_, location) => {
    redirecting({ '/': location() });
    await expect(fetchPath('/')).rejects.toThrow(RefusedUrlError);
    expect(paths()).toEqual(['/']);
  });
});

describe('what is not fetched at all', () => {
  it.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'javascript:alert(1)'])('%s', async (url) => {
    await expect(fetcher.fetch(url, new AbortController().signal)).rejects.toMatchObject({
      code: 'fetch.refused_url',
      retryable: false,
    });
  });
});

describe('a connection that fails', () => {
  const failed = expect.objectContaining({
    name: 'ConnectionFailedError',
    retryable: true,
  }) as ConnectionFailedError;

  it('because nobody listens', async () => {
    server.close();
    await once(server, 'close');
    await expect(fetchPath()).rejects.toEqual(failed);
  });

  it('because it is reset before the answer', async () => {
    answer = (request) => request.socket.resetAndDestroy();
    await expect(fetchPath()).rejects.toEqual(failed);
  });

  it('in the middle of a body of known length', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': '1000' });
      response.write('half', () => response.destroy());
    };
    await expect(fetchPath()).rejects.toEqual(failed);
  });

  it('in the middle of a chunked body', async () => {
    answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).write('half', () => response.destroy());
    await expect(fetchPath()).rejects.toEqual(failed);
  });

  it.each([
    ['ends early', gzipSync('<p>'.repeat(1000)).subarray(0, 20)],
    ['is none', Buffer.from('no gzip')],
  ])('because the packed body %s', async (_, body) => {
    answer = (__, response) => html(response, body, { 'content-encoding': 'gzip' });
    await expect(fetchPath()).rejects.toEqual(failed);
  });

  it('because what answers does not speak HTTP', async () => {
    answer = (request) => request.socket.end('SSH-2.0-OpenSSH_9.2\r\n');
    await expect(fetchPath()).rejects.toEqual(failed);
  });
});
