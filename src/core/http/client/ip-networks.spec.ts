import fc from 'fast-check';
import { BlockList, isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { formatAddress, parseAddress } from './ip-address.js';
import { IpNetworks, networkList } from './ip-networks.js';
import { subscriberNetwork } from './subscriber-network.js';

const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6();
const mapped = ipv4.map((address) => `::ffff:${address}`);

describe('an address', () => {
  it.each([
    ['192.0.2.1', 4, '192.0.2.1'],
    ['::ffff:192.0.2.1', 4, '192.0.2.1'],
    ['::FFFF:c000:201', 4, '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', 4, '192.0.2.1'],
    ['::', 6, '0:0:0:0:0:0:0:0'],
    ['::1', 6, '0:0:0:0:0:0:0:1'],
    ['2001:DB8::1:0', 6, '2001:db8:0:0:0:0:1:0'],
    ['1::', 6, '1:0:0:0:0:0:0:0'],
    ['fe80::1%eth0', 6, 'fe80:0:0:0:0:0:0:1'],
  ])('%s is read', (text, family, spelled) => {
    const address = parseAddress(text);
    expect(address?.family).toBe(family);
    expect(address && formatAddress(address)).toBe(spelled);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4:80',
    '[::1]',
    ':::',
    '1::2::3',
    'localhost',
    ' ::1',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('is the same however it is abbreviated', () => {
    fc.assert(
      fc.property(ipv6, (text) => {
        const full = parseAddress(text);
        // The URL parser writes the canonical form of RFC 5952.
        const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1);
        expect(parseAddress(canonical)).toEqual(full);
      }),
    );
  });
});

describe('networks', () => {
  it("agree with Node's own about what lies in them", () => {
    const v4 = fc.tuple(ipv4, fc.integer({ min: 0, max: 32 }), ipv4);
    const v6 = fc.tuple(ipv6, fc.integer({ min: 0, max: 128 }), ipv6);
    const nearby = fc.oneof(v4, v6).chain(([network, bits, other]) =>
      // Half the time an address that shares the beginning, or nothing would ever lie inside.
      fc.boolean().map((near) => ({ network, bits, address: near ? network : other })),
    );
    fc.assert(
      fc.property(nearby, ({ network, bits, address }) => {
        const cidr = baseOf(network, bits);
        const family = isIPv6(network) ? 'ipv6' : 'ipv4';
        fc.pre(parseAddress(network)?.family === (family === 'ipv6' ? 6 : 4));
        fc.pre(parseAddress(address)?.family === (family === 'ipv6' ? 6 : 4));
        const reference = new BlockList();
        reference.addSubnet(network, bits, family);
        expect(new IpNetworks([cidr]).has(address)).toBe(reference.check(address, family));
      }),
    );
  });

  it('take IPv4-mapped IPv6 for the IPv4 that it is, and IPv4 for no IPv6', () => {
    fc.assert(
      fc.property(mapped, (address) => {
        expect(new IpNetworks(['0.0.0.0/0']).has(address)).toBe(true);
        expect(new IpNetworks(['::/0']).has(address)).toBe(false);
      }),
    );
    expect(new IpNetworks(['::ffff:10.0.0.0/104']).has('10.1.2.3')).toBe(true);
  });

  it('without a prefix are single addresses, and none at all hold nothing', () => {
    const networks = new IpNetworks(['10.0.0.1', '::1']);
    expect(['10.0.0.1', '::1', '10.0.0.2', '::2', 'nonsense'].map((a) => networks.has(a))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(new IpNetworks([]).has('10.0.0.1')).toBe(false);
  });

  it('answer right for more addresses than they remember', () => {
    const networks = new IpNetworks(['10.0.0.0/16']);
    for (let i = 0; i < 3000; i++) {
      const address = `10.${i % 2}.${i >> 8}.${i & 255}`;
      expect(networks.has(address)).toBe(i % 2 === 0);
    }
  });
});

describe('a setting of networks', () => {
  it('is a list', () => {
    expect(networkList().parse(' 10.0.0.0/8, ::1 ,')).toEqual(['10.0.0.0/8', '::1']);
  });

  it.each([
    ['10.0.0.0/33'],
    ['10.0.0.0/-1'],
    ['10.0.0.0/'],
    ['10.0.0.1/8'],
    ['2001:db8::1/64'],
    ['::/129'],
    ['::ffff:0:0/95'],
    ['fe80::1%eth0'],
    ['10.0.0.0/8/8'],
    ['loopback'],
  ])('names %s, which is none', (entry) => {
    const result = networkList().safeParse(`127.0.0.1,${entry}`);
    expect(result.error?.issues.map((issue) => issue.message)).toEqual([
      `expected networks such as 10.0.0.0/8 or 2001:db8::/32, separated by commas; "${entry}" is none`,
    ]);
    expect(() => new IpNetworks([entry])).toThrow(entry);
  });
});

describe('a subscriber', () => {
  it('is an IPv4 address, also when that comes mapped', () => {
    fc.assert(
      fc.property(ipv4, (address) => {
        expect(subscriberNetwork(address)).toBe(address);
        expect(subscriberNetwork(`::ffff:${address}`)).toBe(address);
      }),
    );
  });

  it('is the /64 of an IPv6 address: the last 64 bits change nothing, every other one does', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const half = fc.tuple(group, group, group, group);
    const text = (groups: number[]): string => groups.map((g) => g.toString(16)).join(':');
    const mappedPrefix = (groups: number[]): boolean => groups.every((g) => g === 0);
    fc.assert(
      fc.property(half, half, half, half, (net, host, other, otherHost) => {
        fc.pre(!mappedPrefix(net) && !mappedPrefix(other));
        expect(subscriberNetwork(text([...net, ...host]))).toBe(
          subscriberNetwork(text([...net, ...otherHost])),
        );
        expect(
          subscriberNetwork(text([...net, ...host])) === subscriberNetwork(text([...other, ...host])),
        ).toBe(text(net) === text(other));
      }),
    );
    expect(subscriberNetwork('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(subscriberNetwork('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  });
});

/** The network of `bits` bits that the address lies in, in CIDR notation. */
function baseOf(address: string, bits: number): string {
  const parsed = parseAddress(address);
  if (!parsed) throw new Error(address);
  const offset = parsed.family === 4 ? 96 : 0;
  const groups = parsed.groups.map((group, index) => {
    const inside = Math.min(16, Math.max(0, bits + offset - index * 16));
    return group & (0xffff << (16 - inside)) & 0xffff;
  });
  return `${formatAddress({ ...parsed, groups })}/${bits}`;
}
