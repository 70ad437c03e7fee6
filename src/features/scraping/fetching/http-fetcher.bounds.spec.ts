import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { createGzip, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/support/eventually.js';
import { fetcherWith, fetchUrl } from '../../../../test/support/fetchers.js';
import { WebServer } from '../../../../test/support/web-server.js';
import { BodyTooLargeError } from './fetch.errors.js';
import type { FetchAnswer, HttpFetcher } from './http-fetcher.js';

const MAX_BODY_BYTES = 100_000;

let server: WebServer;
let fetchers: HttpFetcher[];

beforeEach(async () => {
  fetchers = [];
  server = await WebServer.start();
});
afterEach(async () => {
  for (const fetcher of fetchers) await fetcher.onApplicationShutdown();
  await server.close();
});

function fetchPage(
  env: Record<string, string> = {},
  signal = new AbortController().signal,
  origin = server.origin,
): Promise<FetchAnswer> {
  const fetcher = fetcherWith({ SCRAPE_MAX_BODY_BYTES: String(MAX_BODY_BYTES), ...env });
  fetchers.push(fetcher);
  return fetchUrl(fetcher, `${origin}/`, {}, signal);
}

const begin = (response: ServerResponse, headers: Record<string, string> = {}): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/html', ...headers });

/** Answers once a request has come, and then resolves with its response, which stays open. */
function firstResponse(then: (response: ServerResponse) => void): Promise<ServerResponse> {
  return new Promise((resolve) => {
    server.answer = (_, response) => {
      then(response);
      resolve(response);
    };
  });
}

/** Writes for as long as the other side reads. */
function pour(response: NodeJS.WritableStream & { destroyed?: boolean }, what = '\0'): void {
  const chunk = Buffer.alloc(64 * 1024, what);
  const more = (): void => {
    while (!response.destroyed) if (!response.write(chunk)) return;
  };
  response.on('drain', more);
  more();
}

describe('the size of a body', () => {
  it('may be what is allowed, and not a byte more', async () => {
    let size = MAX_BODY_BYTES;
    server.answer = (_, response) => begin(response).end(Buffer.alloc(size, 'x'));
    expect(await fetchPage()).toMatchObject({ bytes: MAX_BODY_BYTES });
    size += 1;
    await expect(fetchPage()).rejects.toMatchObject({ code: 'fetch.too_large', retryable: false });
  });

  it('is counted unpacked: a small packed body can be too large', async () => {
    const bomb = gzipSync(Buffer.alloc(MAX_BODY_BYTES + 1));
    expect(bomb.length).toBeLessThan(1000);
    server.answer = (_, response) => begin(response, { 'content-encoding': 'gzip' }).end(bomb);
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

describe('the headers of an answer', () => {
  it('may be what is allowed, and not more', async () => {
    let size = 30_000;
    server.answer = (_, response) => begin(response, { 'x-large': 'x'.repeat(size) }).end();
    expect(await fetchPage()).toMatchObject({ kind: 'page' });
    size = 33_000;
    await expect(fetchPage()).rejects.toMatchObject({ code: 'fetch.headers_too_large', retryable: false });
  });

  it('are not received to their end when they have none', async () => {
    const closed = new Promise((resolve) => {
      server.answer = ({ socket }) => {
        socket.once('close', resolve);
        socket.write('HTTP/1.1 200 OK\r\nx-large: ');
        pour(socket, 'x');
      };
    });
    await expect(fetchPage()).rejects.toMatchObject({ code: 'fetch.headers_too_large' });
    await closed;
  });
});

describe('time', () => {
  const timeout = (phase: string): unknown =>
    expect.objectContaining({ code: 'fetch.timeout', phase, retryable: true, hostFailure: true });

  it('runs out when no answer begins', async () => {
    server.answer = () => undefined;
    await expect(fetchPage({ SCRAPE_HEADERS_TIMEOUT_MS: '100' })).rejects.toEqual(timeout('headers'));
  });

  it('runs out when the headers never end', async () => {
    server.answer = (request) => void request.socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n');
    await expect(fetchPage({ SCRAPE_HEADERS_TIMEOUT_MS: '100' })).rejects.toEqual(timeout('headers'));
  });

  it('runs out when the body stalls', async () => {
    server.answer = (_, response) => void begin(response).write('half');
    await expect(fetchPage({ SCRAPE_BODY_TIMEOUT_MS: '100' })).rejects.toEqual(timeout('body'));
  });

  it('runs out when the packed body stalls', async () => {
    const half = gzipSync(Buffer.from('<p>'.repeat(10_000))).subarray(0, 40);
    server.answer = (_, response) => void begin(response, { 'content-encoding': 'gzip' }).write(half);
    await expect(fetchPage({ SCRAPE_BODY_TIMEOUT_MS: '100' })).rejects.toEqual(timeout('body'));
  });

  it('runs out for the whole answer, although something of it comes again and again', async () => {
    server.answer = (_, response) => {
      begin(response);
      const timer = setInterval(() => response.write('drop'), 20);
      response.on('close', () => clearInterval(timer));
    };
    await expect(fetchPage({ SCRAPE_TIMEOUT_MS: '200' })).rejects.toEqual(timeout('total'));
  });

  it('runs out in the TLS handshake', async () => {
    const silent = createServer((socket: Socket) => void socket.resume());
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as { port: number };
    await expect(
      fetchPage({ SCRAPE_CONNECT_TIMEOUT_MS: '100' }, undefined, `https://127.0.0.1:${port}`),
    ).rejects.toEqual(timeout('connect'));
    silent.close();
  });

  it('runs out when the address of the host does not come', async () => {
    const fetcher = fetcherWith({ SCRAPE_CONNECT_TIMEOUT_MS: '100' }, () => new Promise(() => undefined));
    fetchers.push(fetcher);
    await expect(fetchUrl(fetcher, 'http://site.example/')).rejects.toEqual(timeout('connect'));
  });
});

describe('the time that an answer takes to begin', () => {
  it('is measured from the request to the headers, without finding the host and without the body', async () => {
    let found = 0;
    const fetcher = fetcherWith({ SCRAPE_ALLOWED_PRIVATE_HOSTS: 'site.example' }, async () => {
      await new Promise((resolve) => void setTimeout(resolve, 200));
      found = performance.now();
      return [{ address: '127.0.0.1', family: 4 }];
    });
    fetchers.push(fetcher);
    let [askedAt, headersAt] = [0, 0];
    const asked = firstResponse((response) => {
      askedAt = performance.now();
      setTimeout(() => {
        headersAt = performance.now();
        begin(response).flushHeaders();
      }, 20);
    });
    const outcome = fetchUrl(fetcher, server.originAt('site.example'));
    const response = await asked;
    await eventually('the headers', async () => (response.headersSent ? true : undefined));
    // Others are answered meanwhile, so the headers have long been received when the body ends.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => void setTimeout(resolve, 20));
    const bodyAt = performance.now();
    response.end();
    const { latencyMs } = await outcome;
    expect(latencyMs).toBeGreaterThanOrEqual(headersAt - askedAt);
    expect(latencyMs).toBeLessThan(bodyAt - askedAt);
    expect(latencyMs).toBeLessThan(performance.now() - found);
  });
});

describe('an abort', () => {
  const reason = new Error('worker is shutting down');

  it('before the request is what is thrown; nothing is asked', async () => {
    let asked = 0;
    server.answer = () => asked++;
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
    server.answer = (_, response) => void response.writeHead(404).write('half');
    await expect(fetchPage({ SCRAPE_TIMEOUT_MS: '300' })).rejects.toMatchObject({
      code: 'fetch.status',
      status: 404,
    });
  });

  it('does not keep the connection of such a body for ever', async () => {
    server.answer = (_, response) => void response.writeHead(404).write('half');
    await expect(fetchPage({ SCRAPE_BODY_TIMEOUT_MS: '100' })).rejects.toThrow('404');
    await eventually('the connection to end', async () =>
      (await server.connections()) === 0 ? true : undefined,
    );
  });
});
