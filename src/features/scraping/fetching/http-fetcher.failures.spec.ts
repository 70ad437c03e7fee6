import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeDns, fetcherWith, fetchUrl } from '../../../../test/support/fetchers.js';
import { SELF_SIGNED } from '../../../../test/support/self-signed.js';
import { WebServer } from '../../../../test/support/web-server.js';
import type { HttpFetcher } from './http-fetcher.js';

const LISTED = 'site.example,other.example,nowhere.example,127.0.0.0/8';
const dns = fakeDns({
  'site.example': [['127.0.0.1']],
  'other.example': [['127.0.0.1']],
  'twice.example': [['127.0.0.1', '127.0.0.2']],
  'nothing.example': [[]],
});

let server: WebServer;
let fetcher: HttpFetcher;

beforeEach(async () => {
  server = await WebServer.start();
  fetcher = fetcherWith({ SCRAPE_ALLOWED_PRIVATE_HOSTS: LISTED }, dns);
});
afterEach(async () => {
  await fetcher.onApplicationShutdown();
  await server.close();
});

/** How a fetch fails; fails itself if it does not. */
async function failureOf(url: string): Promise<unknown> {
  return fetchUrl(fetcher, url).then(
    () => expect.unreachable('it was fetched'),
    (error: unknown) => error,
  );
}

const failed = { code: 'fetch.connection', retryable: true, hostFailure: true };

describe('a host', () => {
  it.each(['nowhere.example', 'nothing.example'])('that has no address (%s)', async (host) => {
    expect(await failureOf(`http://${host}/`)).toMatchObject({
      name: 'DnsError',
      code: 'fetch.dns',
      retryable: true,
      hostFailure: true,
    });
  });

  it('where nobody listens', async () => {
    await server.close();
    expect(await failureOf(`${server.origin}/`)).toMatchObject({
      name: 'ConnectError',
      code: 'fetch.connect',
      retryable: true,
      hostFailure: true,
    });
  });

  it('where nobody listens at any of several addresses', async () => {
    await fetcher.onApplicationShutdown();
    fetcher = fetcherWith({ SCRAPE_ALLOWED_PRIVATE_HOSTS: 'twice.example' }, dns);
    await server.close();
    expect(await failureOf(server.originAt('twice.example'))).toMatchObject({ code: 'fetch.connect' });
  });
});

describe('a connection that fails', () => {
  it('because it is reset before the answer', async () => {
    server.answer = (request) => request.socket.resetAndDestroy();
    expect(await failureOf(server.origin)).toMatchObject(failed);
  });

  it('because it is closed before the answer', async () => {
    server.answer = (request) => void request.socket.end();
    expect(await failureOf(server.origin)).toMatchObject(failed);
  });

  it('in the middle of a body of known length', async () => {
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': '1000' });
      response.write('half', () => response.destroy());
    };
    expect(await failureOf(server.origin)).toMatchObject(failed);
  });

  it('in the middle of a chunked body', async () => {
    server.answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).write('half', () => response.destroy());
    expect(await failureOf(server.origin)).toMatchObject(failed);
  });

  it.each([
    ['ends early', gzipSync('<p>'.repeat(1000)).subarray(0, 20)],
    ['is none', Buffer.from('no gzip')],
  ])('because the packed body %s', async (_, body) => {
    server.answer = (__, response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(body);
    expect(await failureOf(server.origin)).toMatchObject(failed);
  });

  it('because what answers does not speak HTTP', async () => {
    server.answer = (request) => request.socket.end('SSH-2.0-OpenSSH_9.2\r\n');
    expect(await failureOf(server.origin)).toMatchObject(failed);
  });
});

describe('TLS', () => {
  let secure: WebServer;

  beforeEach(async () => {
    secure = await WebServer.start('127.0.0.1', 'https');
    secure.answer = (_, response) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('secret');
  });
  afterEach(() => secure.close());

  const untrusted = { name: 'TlsError', code: 'fetch.tls', retryable: false, hostFailure: true };

  it('with a certificate that nobody vouches for is refused for good, whatever the environment says', async () => {
    expect(await failureOf(secure.originAt('site.example'))).toMatchObject(untrusted);
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await failureOf(secure.originAt('site.example'))).toMatchObject(untrusted);
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    expect(secure.requests).toEqual([]);
  });

  it('with a certificate that is believed is as good as without, but only for the hosts that it names', async () => {
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, SELF_SIGNED.cert]);
    try {
      expect(await fetchUrl(fetcher, secure.originAt('site.example'))).toMatchObject({ text: 'secret' });
      expect(await failureOf(secure.originAt('other.example'))).toMatchObject(untrusted);
      expect(await failureOf(secure.origin)).toMatchObject(untrusted);
    } finally {
      setDefaultCACertificates(before);
    }
    expect(secure.requests).toHaveLength(1);
  });

  it('that is asked of a server without it fails, and may be there another time', async () => {
    expect(await failureOf(server.originAt('site.example').replace('http:', 'https:'))).toMatchObject({
      code: 'fetch.tls',
      retryable: true,
    });
  });

  it('that is cut off in the handshake fails, and may succeed another time', async () => {
    const silent: Server = createServer((socket: Socket) => void socket.once('data', () => socket.destroy()));
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as { port: number };
    expect(await failureOf(`https://site.example:${port}/`)).toMatchObject({
      code: 'fetch.tls',
      retryable: true,
    });
    silent.close();
  });
});

describe('a URL that is not fetched at all', () => {
  it.each([
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://user@127.0.0.1/',
    'http://:password@127.0.0.1/',
    'http://example.org:22/',
    'https://example.org:6379/',
  ])('%s', async (url) => {
    expect(await failureOf(url)).toMatchObject({
      code: 'fetch.refused_url',
      retryable: false,
      hostFailure: false,
    });
  });

  it('is named without its password', async () => {
    const error = (await failureOf('http://user:hunter2@127.0.0.1/a@b')) as Error;
    expect(error.message).toContain('http://127.0.0.1/a@b is not fetched');
  });
});
