import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientResolver } from './client-address.js';
import { parseAddress } from './ip-address.js';
import { IpNetworks } from './ip-networks.js';

const PROXY = '10.0.0.1';
const trustedProxies = ['10.0.0.0/8', 'fd00::/8'];
const byList = clientResolver({ trustedProxies, proxyHeader: 'x-forwarded-for' });
const byForwarded = clientResolver({ trustedProxies, proxyHeader: 'forwarded' });

const xff = (header: string, peer = PROXY): string =>
  byList({ remoteAddress: peer }, { 'x-forwarded-for': header }).ip;
const forwarded = (header: string, peer = PROXY) =>
  byForwarded({ remoteAddress: peer }, { forwarded: header });

/** What a header can hold: Node hands on every byte but the control characters. */
const anything = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)), maxLength: 60 }),
  // What an attacker would try rather than noise.
  fc
    .array(
      fc.constantFrom('for=', '"', '\\', ',', ';', '1.2.3.4', '[::1]', '10.0.0.2', 'proto=https', ' ', '_x'),
      {
        maxLength: 12,
      },
    )
    .map((parts) => parts.join('')),
);
const address = fc.oneof(fc.ipV4(), fc.ipV6());
const trusted = new IpNetworks(trustedProxies);
const outside = address.filter((candidate) => !trusted.has(candidate));

describe('a forged header', () => {
  it('changes nothing when the peer is no trusted proxy, whatever it contains', () => {
    fc.assert(
      fc.property(outside, anything, (peer, forged) => {
        const headers = { 'x-forwarded-for': forged, forwarded: forged, 'x-forwarded-proto': 'https' };
        for (const resolve of [byList, byForwarded])
          expect(resolve({ remoteAddress: peer }, headers)).toEqual({ ip: peer, protocol: 'http' });
      }),
    );
  });

  it('changes nothing when no proxy is trusted', () => {
    const resolve = clientResolver({ trustedProxies: [], proxyHeader: 'x-forwarded-for' });
    fc.assert(
      fc.property(address, anything, (peer, forged) => {
        const headers = { 'x-forwarded-for': forged, 'x-forwarded-proto': forged };
        expect(resolve({ remoteAddress: peer }, headers)).toEqual({ ip: peer, protocol: 'http' });
      }),
    );
  });

  it('changes nothing to the left of what a trusted proxy appended', () => {
    fc.assert(
      fc.property(outside, anything, (client, forged) => {
        expect(xff(`${forged}, ${client}`)).toBe(client);
        const node = client.includes(':') ? `"[${client}]:4711"` : client;
        const honest = `for=${node};proto=https;host="a,b\\"c"`;
        expect(forwarded(`${forged}, ${honest}`)).toEqual({ ip: client, protocol: 'https' });
      }),
      { numRuns: 2000 },
    );
  });

  it('changes nothing to the left of two trusted proxies', () => {
    fc.assert(
      fc.property(outside, anything, (client, forged) => {
        expect(xff(`${forged}, ${client}, 10.9.9.9`)).toBe(client);
        const node = client.includes(':') ? `"[${client}]"` : client;
        expect(forwarded(`${forged},for=${node};proto=https,for=10.9.9.9;proto=http`)).toEqual({
          ip: client,
          protocol: 'https',
        });
      }),
    );
  });

  it('changes nothing in the header that is not configured', () => {
    fc.assert(
      fc.property(outside, anything, (client, forged) => {
        expect(byList({ remoteAddress: PROXY }, { 'x-forwarded-for': client, forwarded: forged }).ip).toBe(
          client,
        );
        expect(
          byForwarded(
            { remoteAddress: PROXY },
            {
              forwarded: 'for=192.0.2.9;proto=http',
              'x-forwarded-for': forged,
              'x-forwarded-proto': 'https',
            },
          ),
        ).toEqual({ ip: '192.0.2.9', protocol: 'http' });
      }),
    );
  });

  it('never yields anything but an address', () => {
    fc.assert(
      fc.property(anything, (forged) => {
        expect(parseAddress(xff(forged)), forged).toBeDefined();
        expect(parseAddress(forwarded(forged).ip), forged).toBeDefined();
      }),
      { numRuns: 2000 },
    );
  });
});

describe('X-Forwarded-For', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:51234', '192.0.2.7'],
    ['[2001:db8::7]:443', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['2001:db8::7', '2001:db8::7'],
    [' 198.51.100.1 ,\t192.0.2.7 ', '192.0.2.7'],
    ['192.0.2.7, 10.1.1.1, fd00::1', '192.0.2.7'],
    ['10.2.2.2, 10.1.1.1', '10.2.2.2'],
    ['::ffff:10.1.1.1', '::ffff:10.1.1.1'],
  ])('%j comes from %s', (header, client) => {
    expect(xff(header)).toBe(client);
  });

  it.each([
    '',
    ',',
    'unknown',
    '_hidden',
    '192.0.2.7, unknown',
    '192.0.2.7,',
    '999.1.1.1',
    '[::1',
    '1.2.3.4:',
    'fe80::1%eth0',
  ])('%j says nothing, so the proxy counts as the client', (header) => {
    expect(xff(header)).toBe(PROXY);
  });

  it('stops at the last proxy known when a hop behind it is hidden', () => {
    expect(xff('192.0.2.7, unknown, 10.1.1.1')).toBe('10.1.1.1');
  });

  it('is believed of a proxy on a dual-stack socket', () => {
    expect(xff('192.0.2.7', '::ffff:10.0.0.1')).toBe('192.0.2.7');
  });

  it('goes with X-Forwarded-Proto, whose last entry is the nearest proxy’s own', () => {
    const protocol = (proto: string, encrypted = false) =>
      byList({ remoteAddress: PROXY, encrypted }, { 'x-forwarded-proto': proto }).protocol;
    expect(['https', 'HTTPS', 'http, https', 'https, http', 'ftp', ''].map((p) => protocol(p))).toEqual([
      'https',
      'https',
      'https',
      'http',
      'http',
      'http',
    ]);
    expect(protocol('gopher', true)).toBe('https');
  });
});

describe('Forwarded', () => {
  it.each([
    ['for=192.0.2.7', '192.0.2.7', 'http'],
    ['For="192.0.2.7:80"; PROTO=https ;by=10.0.0.1', '192.0.2.7', 'https'],
    ['for="[2001:db8::7]:4711"', '2001:db8::7', 'http'],
    ['for=[2001:db8::7]', '2001:db8::7', 'http'],
    ['for="192.0.2.7:_port"', '192.0.2.7', 'http'],
    ['for="\\192.0.2.7"', '192.0.2.7', 'http'],
    ['for=192.0.2.7;proto=https, for=10.1.1.1;proto=http', '192.0.2.7', 'https'],
    ['for=unknown;proto=https', PROXY, 'https'],
    ['for=_secret;proto=https, for=10.1.1.1', '10.1.1.1', 'https'],
    ['proto=https', PROXY, 'https'],
    ['for=192.0.2.7;for=192.0.2.8;proto=https', PROXY, 'http'],
    ['for=192.0.2.7 proto=https', PROXY, 'http'],
    ['for="192.0.2.7', PROXY, 'http'],
    ['', PROXY, 'http'],
  ])('%j comes from %s by %s', (header, ip, protocol) => {
    expect(forwarded(header)).toEqual({ ip, protocol });
  });
});
