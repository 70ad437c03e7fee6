import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGzip, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BodyTooLargeError, FetchTimeoutError } from './fetch.errors.js';
import { type FetchedPage, HttpFetcher } from './http-fetcher.js';

const MAX_BODY_BYTES = 100_000;
const base = {
  userAgent: 'GleanerSpec/1.0',
  timeoutMs: 20_000,
  maxBodyBytes: MAX_BODY_BYTES,
  maxRedirects: 3,
  retries: 0,
  retryBaseMs: 1,
};

let server: Server;
let origin: string;
let answer: RequestListener;
let fetchers: HttpFetcher[];

beforeEach(async () => {
  fetchers = [];
  server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const fetcher of fetchers) await fetcher.onApplicationShutdown();
  server.closeAllConnections();
  server.close();
});

function fetchPage(
  config: Partial<typeof base> = {},
  signal = new AbortController().signal,
): Promise<FetchedPage> {
  const fetcher = new HttpFetcher({ ...base, ...config });
  fetchers.push(fetcher);
  return fetcher.fetch(`${origin}/`, signal);
}

const begin = (response: ServerResponse, headers: Record<string, string> = {}): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/html', ...headers });

/** Answers once a request has come, and then resolves with its response, which stays open. */
function firstResponse(then: (response: ServerResponse) => void): Promise<ServerResponse> {
  return new Promise((resolve) => {
    answer = (_, response) => {
      then(response);
      resolve(response);
    };
  });
}

/** Writes for as long as the other side reads. */
function pour(response: NodeJS.WritableStream & { destroyed?: boolean }): void {
  const chunk = Buffer.alloc(64 * 1024);
  const more = (): void => {
    while (!response.destroyed) if (!response.write(chunk)) return;
  };
  response.on('drain', more);
  more();
}

describe('the size of a body', () => {
  it('may be what is allowed, and not a byte more', async () => {
    let size = MAX_BODY_BYTES;
    answer = (_, response) => begin(response).end(Buffer.alloc(size, 'x'));
    expect((await fetchPage()).bytes).toBe(MAX_BODY_BYTES);
    size += 1;
    await expect(fetchPage()).rejects.toMatchObject({ code: 'fetch.too_large', retryable: false });
  });

  it('is counted unpacked: a small packed body can be too large', async () => {
    const bomb = gzipSync(Buffer.alloc(MAX_BODY_BYTES + 1));
    expect(bomb.length).toBeLessThan(1000);
    answer = (_, response) => begin(response, { 'content-encoding': 'gzip' }).end(bomb);
    await expect(fetchPage()).rejects.toThrow(BodyTooLargeError);
  });

  it('is not read to its end when it has none: the connection is closed', async () => {
    const poured = firstResponse((response) => pour(begin(response)));
    await expect(fetchPage()).rejects.toThrow(BodyTooLargeError);
    const response = await poured;
    if (!response.closed) await once(response, 'close');
    expect(response.writableFinished).toBe(false);
  });

  it('is not unpacked to its end when it is a bomb without end: the connection is closed', async () => {
    let packedBytes = 0;
    const poured = firstResponse((response) => {
      const gzip = createGzip();
      gzip.on('data', (chunk: Buffer) => (packedBytes += chunk.length));
      gzip.pipe(begin(response, { 'content-encoding': 'gzip' }));
      response.on('close', () => gzip.destroy());
      pour(gzip);
    });
    await expect(fetchPage()).rejects.toThrow(BodyTooLargeError);
    const response = await poured;
    if (!response.closed) await once(response, 'close');
    expect(response.writableFinished).toBe(false);
    // A thousand times smaller than what it unpacks to; what the sockets hold is all that was sent beyond it.
    expect(packedBytes).toBeLessThan(10_000_000);
  });
});

describe('time', () => {
  it('runs out when no answer begins', async () => {
    answer = () => undefined;
    await expect(fetchPage({ timeoutMs: 100 })).rejects.toMatchObject({
      code: 'fetch.timeout',
      retryable: true,
    });
  });

  it('runs out when the headers never end', async () => {
    answer = (request) => void request.socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n');
    await expect(fetchPage({ timeoutMs: 100 })).rejects.toThrow(FetchTimeoutError);
  });

  it('runs out when the body stalls', async () => {
    answer = (_, response) => void begin(response).write('half');
    await expect(fetchPage({ timeoutMs: 100 })).rejects.toThrow(FetchTimeoutError);
  });

  it('runs out when the packed body stalls', async () => {
    const half = gzipSync(Buffer.from('<p>'.repeat(10_000))).subarray(0, 40);
    answer = (_, response) => void begin(response, { 'content-encoding': 'gzip' }).write(half);
    await expect(fetchPage({ timeoutMs: 100 })).rejects.toThrow(FetchTimeoutError);
  });

  it('runs out for all redirects together', async () => {
    answer = (request, response) => {
      const hop = Number(request.url?.slice(1));
      setTimeout(() => response.writeHead(302, { location: `/${hop + 1}` }).end(), 60);
    };
    await expect(fetchPage({ timeoutMs: 200, maxRedirects: 1000 })).rejects.toThrow(FetchTimeoutError);
  });

  it('runs out when the body of a redirect stalls', async () => {
    answer = (_, response) => void response.writeHead(302, { location: '/next' }).write('moved');
    await expect(fetchPage({ timeoutMs: 100 })).rejects.toThrow(FetchTimeoutError);
  });
});

describe('an abort', () => {
  const reason = new Error('worker is shutting down');

  it('before the request is what is thrown; nothing is asked', async () => {
    let asked = 0;
    answer = () => asked++;
    await expect(fetchPage({}, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(asked).toBe(0);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['while the answer is waited for', () => undefined],
    ['in the middle of the body', (response) => void begin(response).write('half')],
    [
      'in the middle of a packed body',
      (response) => void begin(response, { 'content-encoding': 'gzip' }).write(gzipSync('x').subarray(0, 12)),
    ],
  ])('%s is what is thrown, and ends the connection', async (_, then) => {
    const controller = new AbortController();
    const asked = firstResponse(then);
    const outcome = fetchPage({}, controller.signal).catch((error: unknown) => error);
    const response = await asked;
    controller.abort(reason);
    expect(await outcome).toBe(reason);
    if (!response.closed) await once(response, 'close');
  });
});

describe('a broken site', () => {
  it('that answers an error whose body never ends has still answered with that status', async () => {
    answer = (_, response) => void response.writeHead(404).write('half');
    await expect(fetchPage({ timeoutMs: 300 })).rejects.toMatchObject({ code: 'fetch.status', status: 404 });
  });
});
