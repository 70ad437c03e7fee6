import fc from 'fast-check';
import { isIPv4 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../core/config/index.js';
import { FetchError } from './fetch.errors.js';
import { fetchingConfig } from './fetching.config.js';
import { OutboundGuard } from './outbound-guard.js';
import { REFUSED_NETWORKS } from './refused-networks.js';

const guardWith = (env: Record<string, string> = {}): OutboundGuard =>
  new OutboundGuard(loadConfig(env, [fetchingConfig]).get(fetchingConfig));
const guard = guardWith();

/** The code of what `checkUrl` throws. */
function verdict(url: string | URL, by = guard): string | undefined {
  try {
    by.checkUrl(new URL(url));
    return undefined;
  } catch (error) {
    return error instanceof FetchError ? error.code : String(error);
  }
}

/** An address as a number of 32 or 128 bits. */
interface Bits {
  width: 32 | 128;
  value: bigint;
}

const ipv4 = (value: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
const ipv6 = (value: bigint): string =>
  Array.from({ length: 8 }, (_, n) => ((value >> BigInt(112 - 16 * n)) & 0xffffn).toString(16)).join(':');

/** Every network in numbers, read by other means than the code under test. */
const networks = REFUSED_NETWORKS.map((cidr) => {
  const [text = '', bits] = cidr.split('/');
  const width = isIPv4(text) ? 32 : 128;
  const hostname = new URL(`http://${width === 32 ? text : `[${text}]`}`).hostname;
  const value =
    width === 32
      ? hostname.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n)
      : groups(hostname.slice(1, -1)).reduce((sum, group) => sum * 65536n + BigInt(group), 0n);
  return { width, value, hostBits: BigInt(width - Number(bits ?? width)) } as const;
});

function groups(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((g) => Number.parseInt(g, 16));
  const [before, after] = [parse(head), parse(tail ?? '')];
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** An address inside of a refused network; often the first or the last of it. */
const refused: fc.Arbitrary<Bits> = fc.constantFrom(...networks).chain(({ width, value, hostBits }) => {
  const last = (1n << hostBits) - 1n;
  return fc
    .oneof(fc.constantFrom(0n, last), fc.bigInt({ min: 0n, max: last }))
    .map((host) => ({ width, value: value + host }));
});

/** All ways of writing an address that Node's sockets or resolvers understand. */
function spellings({ width, value }: Bits): string[] {
  if (width === 128) {
    const full = ipv6(value);
    const short = new URL(`http://[${full}]`).hostname.slice(1, -1);
    return [full, full.toUpperCase(), short, `${short}%eth0`, `${full}%1`];
  }
  const [high, low] = [value >> 16n, value & 0xffffn].map((group) => group.toString(16));
  return [
    ipv4(value),
    `::ffff:${ipv4(value)}`,
    `::FFFF:${high}:${low}`,
    `0:0:0:0:0:ffff:${ipv4(value)}`,
    // IPv4 inside of IPv6: compatible, translated (NAT64, SIIT), 6to4, Teredo.
    `::${ipv4(value)}`,
    `64:ff9b::${ipv4(value)}`,
    `64:ff9b:1::${high}:${low}`,
    `::ffff:0:${ipv4(value)}`,
    `2002:${high}:${low}::1`,
    `2001:0:${high}:${low}::1`,
    `2001:0:1234:5678::${high}:${low}`,
  ];
}

/** All ways of writing it in a URL that the URL parser understands. */
function urlSpellings({ width, value }: Bits): string[] {
  const [a, b, c, d] = ipv4(value).split('.').map(Number) as [number, number, number, number];
  const hosts =
    width === 128
      ? spellings({ width, value })
          .filter((text) => !text.includes('%'))
          .map((text) => `[${text}]`)
      : [
          ...spellings({ width, value }).map((text) => (text.includes(':') ? `[${text}]` : text)),
          String(value),
          `0x${value.toString(16)}`,
          `0${value.toString(8)}`,
          `${a}.${b}.${c * 256 + d}`,
          `${a}.${Number(value & 0xffffffn)}`,
          `0x${a.toString(16)}.0${b.toString(8)}.${c}.${d}`,
          `${ipv4(value)}.`,
          `%3${a.toString().slice(0, 1)}${a.toString().slice(1)}.${b}.${c}.${d}`,
          // Digits that IDNA makes ordinary ones of.
          ipv4(value).replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
        ];
  return hosts.map((host) => `http://${host}/`);
}

describe('an address', () => {
  it('of every network that is refused is refused, however it is written', () => {
    fc.assert(
      fc.property(refused, (address) => {
        for (const text of spellings(address)) {
          expect(guard.allows(text, text), text).toBe(false);
          expect(guard.allows('public.example', text), text).toBe(false);
        }
        for (const url of urlSpellings(address)) expect(verdict(url), url).toBe('fetch.blocked_address');
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.0.1', 'private'],
    ['100.64.0.1', 'CGNAT'],
    ['100.100.100.200', 'metadata of Alibaba'],
    ['169.254.169.254', 'metadata'],
    ['168.63.129.16', 'wire server of Azure'],
    ['192.0.0.192', 'metadata of Oracle'],
    ['192.0.2.1', 'documentation'],
    ['198.19.0.1', 'benchmarks'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::127.0.0.1', 'IPv4-compatible'],
    ['::ffff:169.254.169.254', 'IPv4-mapped'],
    ['64:ff9b::a9fe:a9fe', 'NAT64'],
    ['100::1', 'discard'],
    ['2001::1', 'Teredo'],
    ['2001:db8::1', 'documentation'],
    ['2002:7f00:1::', '6to4'],
    ['fc00::1', 'unique local'],
    ['fd00:ec2::254', 'metadata of AWS'],
    ['fe80::1%eth0', 'link-local with a zone'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
  ])('%s (%s) is refused', (address) => {
    expect(guard.allows('public.example', address)).toBe(false);
  });

  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '::ffff:1.1.1.1',
    '2000::',
    '2001:200::1',
    '2606:4700::1111',
    '3ffe::1',
  ])('%s, which is public, is not', (address) => {
    expect(guard.allows('public.example', address)).toBe(true);
  });

  it.each(['', 'localhost', '1.2.3', '1.2.3.4:80', '[::1]', '0x7f.1'])('%j is none, and refused', (text) => {
    expect(guard.allows('public.example', text)).toBe(false);
  });
});

describe('a URL', () => {
  it.each([
    ['http://example.org/', undefined],
    ['https://example.org/a?b', undefined],
    ['http://example.org:8080/', undefined],
    ['https://example.org:8443/', undefined],
    ['http://example.org:443/', undefined],
    ['http://93.184.215.14/', undefined],
    ['http://[2606:4700::1111]/', undefined],
    ['http://example.org:22/', 'fetch.refused_url'],
    ['http://example.org:0/', 'fetch.refused_url'],
    ['ftp://example.org/', 'fetch.refused_url'],
    ['ws://example.org/', 'fetch.refused_url'],
    ['file:///etc/passwd', 'fetch.refused_url'],
    ['data:text/html,x', 'fetch.refused_url'],
    ['javascript:alert(1)', 'fetch.refused_url'],
    ['http://user@example.org/', 'fetch.refused_url'],
    ['http://user:password@example.org/', 'fetch.refused_url'],
    ['http://:password@example.org/', 'fetch.refused_url'],
    [`http://${'a.'.repeat(126)}aa/`, 'fetch.refused_url'],
  ])('%s: %s', (url, code) => {
    expect(verdict(url)).toBe(code);
  });
});

describe('what the operator lists', () => {
  const listed = guardWith({
    SCRAPE_ALLOWED_PRIVATE_HOSTS: 'Intranet.example, 10.1.2.3, 10.2.0.0/16, fd00:1::/32',
    SCRAPE_ALLOWED_PORTS: '80',
  });

  it('by name may have any private address, and any port', () => {
    for (const host of ['intranet.example', 'INTRANET.example', 'intranet.example.'])
      expect(verdict(`http://${host}:9000/`, listed)).toBeUndefined();
    expect(listed.allows('intranet.example', '192.168.7.7')).toBe(true);
    expect(listed.allows('intranet.example.', '::1')).toBe(true);
  });

  it('by address or network may be reached there, and at any port when the URL says the address', () => {
    for (const url of ['http://10.1.2.3:9000/', 'http://10.2.255.255:1/', 'http://[fd00:1::7]:9000/'])
      expect(verdict(url, listed)).toBeUndefined();
    expect(listed.allows('some.example', '10.2.3.4')).toBe(true);
    expect(listed.allows('some.example', '::ffff:10.2.3.4')).toBe(true);
    expect(verdict('http://some.example:9000/', listed)).toBe('fetch.refused_url');
  });

  it('opens nothing else', () => {
    expect(listed.allows('other.example', '192.168.7.7')).toBe(false);
    expect(listed.allows('sub.intranet.example', '192.168.7.7')).toBe(false);
    expect(listed.allows('intranet.example.evil.example', '192.168.7.7')).toBe(false);
    expect(verdict('http://10.1.2.4/', listed)).toBe('fetch.blocked_address');
    expect(verdict('http://10.3.0.1/', listed)).toBe('fetch.blocked_address');
    expect(verdict('http://127.0.0.1/', listed)).toBe('fetch.blocked_address');
    expect(verdict('http://public.example:8080/', listed)).toBe('fetch.refused_url');
  });

  it('does not open schemes or credentials', () => {
    expect(verdict('ftp://intranet.example/', listed)).toBe('fetch.refused_url');
    expect(verdict('http://user@intranet.example/', listed)).toBe('fetch.refused_url');
  });
});

describe('the settings', () => {
  const read = (env: Record<string, string>) => () => loadConfig(env, [fetchingConfig]);

  it.each([
    'http://intranet.example',
    'intranet.example:80',
    '10.0.0.1/8',
    '10.0.0',
    'user@host',
    '*.example',
    'a b',
    'fe80::1%eth0',
    '-',
  ])('take no %j for a host', (entry) => {
    expect(read({ SCRAPE_ALLOWED_PRIVATE_HOSTS: `localhost,${entry}` })).toThrow(`"${entry}" is none`);
  });

  it.each(['0', '65536', 'http', '80-90'])('take no %j for a port', (entry) => {
    expect(read({ SCRAPE_ALLOWED_PORTS: `80,${entry}` })).toThrow('SCRAPE_ALLOWED_PORTS');
  });
});
