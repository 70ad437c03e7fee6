import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeDns, fetcherWith, fetchUrl } from '../../../../test/support/fetchers.js';
import { WebServer } from '../../../../test/support/web-server.js';
import { loadConfig } from '../../../core/config/index.js';
import { fetchingConfig } from './fetching.config.js';
import { guardedConnector } from './guarded-connector.js';
import type { HostLookup } from './host-lookup.js';
import type { HttpFetcher } from './http-fetcher.js';
import { OutboundGuard } from './outbound-guard.js';

let server: WebServer;
let fetchers: HttpFetcher[];

beforeEach(async () => {
  fetchers = [];
  server = await WebServer.start('0.0.0.0');
  server.answer = (_, response) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('inside');
});
afterEach(async () => {
  for (const each of fetchers) await each.onApplicationShutdown();
  await server.close();
});

/** Of this machine only 127.0.0.2 is listed; it stands for what is public. */
function fetcher(lookup: HostLookup): HttpFetcher {
  const made = fetcherWith(
    { SCRAPE_ALLOWED_PRIVATE_HOSTS: '127.0.0.2', SCRAPE_ALLOWED_PORTS: String(server.port) },
    lookup,
  );
  fetchers.push(made);
  return made;
}

const blocked = { code: 'fetch.blocked_address', retryable: false, hostFailure: false };

describe('a name', () => {
  it('that resolves to an address which is allowed is connected to there', async () => {
    const answer = await fetchUrl(
      fetcher(fakeDns({ 'site.example': [['127.0.0.2']] })),
      server.originAt('site.example'),
    );
    expect(answer).toMatchObject({ text: 'inside' });
    expect(server.requests[0]?.socket.localAddress).toBe('127.0.0.2');
    expect(server.requests[0]?.headers.host).toBe(`site.example:${server.port}`);
  });

  it.each([
    [['127.0.0.1']],
    [['127.0.0.1', '::1', '10.0.0.1']],
    [['::ffff:127.0.0.1']],
    [['0.0.0.0']],
    [['fe80::1%lo']],
    [['127.0.0.01']],
    [['localhost']],
  ])('that resolves to nothing else than %j is refused, and nobody is asked', async (addresses) => {
    const dns = fakeDns({ 'metadata.example': [addresses] });
    await expect(fetchUrl(fetcher(dns), server.originAt('metadata.example'))).rejects.toMatchObject(blocked);
    expect(server.requests).toEqual([]);
    expect(await server.connections()).toBe(0);
  });

  it('that also resolves to addresses which are not allowed is connected to at the others only', async () => {
    const dns = fakeDns({ 'mixed.example': [['127.0.0.1', '::1', '127.0.0.2', '127.0.0.3']] });
    await fetchUrl(fetcher(dns), server.originAt('mixed.example'));
    expect(server.requests.map(({ socket }) => socket.localAddress)).toEqual(['127.0.0.2']);
  });

  it('that resolves to something else the next time is connected to where it was checked', async () => {
    // An attacker's DNS: first an address that is allowed, for the check, then one inside, for the connection.
    const dns = fakeDns({ 'rebinding.example': [['127.0.0.2'], ['127.0.0.1']] });
    const first = fetcher(dns);
    await fetchUrl(first, server.originAt('rebinding.example'));
    expect(server.requests.map(({ socket }) => socket.localAddress)).toEqual(['127.0.0.2']);
    // A connection of its own is a look-up of its own.
    await first.onApplicationShutdown();
    await expect(fetchUrl(fetcher(dns), server.originAt('rebinding.example'))).rejects.toMatchObject(blocked);
    expect(server.requests).toHaveLength(1);
  });
});

describe('an address', () => {
  it.each(['127.0.0.1', '[::1]', '[::ffff:7f00:1]', '0x7f000001', '127.1'])(
    '%s is refused in a URL',
    async (host) => {
      const noDns: HostLookup = () => expect.unreachable('an address was looked up');
      await expect(fetchUrl(fetcher(noDns), server.originAt(host))).rejects.toMatchObject(blocked);
      expect(await server.connections()).toBe(0);
    },
  );

  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', 'fe80::1%lo'])(
    '%s is refused by the connection itself, should the URL not have been looked at',
    async (hostname) => {
      const config = loadConfig({}, [fetchingConfig]).get(fetchingConfig);
      const noDns: HostLookup = () => expect.unreachable('an address was looked up');
      const connect = guardedConnector(new OutboundGuard(config), noDns, 1000);
      const outcome = new Promise((resolve) => {
        connect({ hostname, protocol: 'http:', port: String(server.port) }, (error, socket) =>
          resolve(error ?? socket),
        );
      });
      expect(await outcome).toMatchObject(blocked);
      expect(await server.connections()).toBe(0);
    },
  );
});

describe('a redirect', () => {
  it('to a name that resolves to the inside is refused when it is followed', async () => {
    const dns = fakeDns({ 'site.example': [['127.0.0.2']], 'inside.example': [['127.0.0.1']] });
    const location = server.originAt('inside.example');
    server.answer = (_, response) => void response.writeHead(302, { location }).end();
    const by = fetcher(dns);
    const answer = await fetchUrl(by, server.originAt('site.example'));
    expect(answer).toMatchObject({ kind: 'redirect', location: new URL(location) });
    await expect(fetchUrl(by, location)).rejects.toMatchObject(blocked);
    expect(server.requests).toHaveLength(1);
  });
});
