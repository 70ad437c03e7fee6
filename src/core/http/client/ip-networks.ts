import { list } from '../../config/index.js';
import { type IpAddress, parseAddress } from './ip-address.js';

interface Network extends IpAddress {
  /** Leading bits of the 128 that an address must share. */
  readonly bits: number;
}

/** Answers that are kept: the peers of a process are few, but nothing here may grow without bound. */
const REMEMBERED = 1000;

/** A set of networks in CIDR notation; a bare address is a network of one. */
export class IpNetworks {
  private readonly networks: readonly Network[];
  private readonly known = new Map<string, boolean>();

  /** @throws Error naming the entry that is no network. */
  constructor(cidrs: readonly string[]) {
    this.networks = cidrs.map((cidr) => {
      const network = parseNetwork(cidr);
      if (!network) throw new Error(`"${cidr}" is not a network such as 10.0.0.0/8`);
      return network;
    });
  }

  get isEmpty(): boolean {
    return this.networks.length === 0;
  }

  /** Whether the address lies in one of the networks; false for what is no address. IPv4-mapped IPv6 counts as IPv4. */
  has(address: string): boolean {
    if (this.isEmpty) return false;
    const known = this.known.get(address);
    if (known !== undefined) return known;
    const parsed = parseAddress(address);
    const answer = parsed !== undefined && this.networks.some((network) => contains(network, parsed));
    if (this.known.size >= REMEMBERED) this.known.clear();
    this.known.set(address, answer);
    return answer;
  }
}

/** Setting: a comma-separated list of networks; the fault names the entry that is none. */
export function networkList() {
  return list().superRefine((entries, context) => {
    for (const entry of entries) {
      if (isNetwork(entry)) continue;
      const message = `expected networks such as 10.0.0.0/8 or 2001:db8::/32, separated by commas; "${entry}" is none`;
      context.addIssue({ code: 'custom', message });
    }
  });
}

/** Whether the text is a network in CIDR notation, or an address. */
export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined;
}

/** @returns undefined for what is no network, also for one with bits behind its prefix: that is a slip of the pen. */
function parseNetwork(cidr: string): Network | undefined {
  const [, text = '', length] = /^([^/]+?)(?:\/(\d{1,3}))?$/.exec(cidr) ?? [];
  const address = parseAddress(text);
  if (!address || text.includes('%')) return undefined;
  const width = text.includes(':') ? 128 : 32;
  const prefix = length === undefined ? width : Number(length);
  const bits = prefix + 128 - width;
  // A network of IPv4-mapped addresses that is wider than the mapping itself would be neither IPv4 nor IPv6.
  if (prefix > width || (address.family === 4 && bits < 96)) return undefined;
  const inside = address.groups.every((group, index) => (group & ~mask(bits, index)) === 0);
  return inside ? { ...address, bits } : undefined;
}

function contains(network: Network, address: IpAddress): boolean {
  if (network.family !== address.family) return false;
  return network.groups.every((group, index) => {
    return ((address.groups[index] ?? 0) & mask(network.bits, index)) === group;
  });
}

/** The part of the group at `index` that lies within the first `bits` bits. */
function mask(bits: number, index: number): number {
  const inGroup = Math.min(16, Math.max(0, bits - index * 16));
  return (0xffff << (16 - inGroup)) & 0xffff;
}
