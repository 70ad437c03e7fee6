import { isIPv4, isIPv6 } from 'node:net';

/**
 * An address as eight groups of 16 bits. IPv4 is kept in its IPv4-mapped form (`::ffff:a.b.c.d`), so that the two
 * spellings of one address are one; `family` tells them from the rest of IPv6.
 */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly groups: readonly number[];
}

/** @returns undefined for whatever is not exactly one address; a zone (`fe80::1%eth0`) is dropped. */
export function parseAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 4, groups: [0, 0, 0, 0, 0, 0xffff, ...ipv4Groups(text)] };
  if (!isIPv6(text)) return undefined;
  const groups = ipv6Groups(text.replace(/%.*$/, ''));
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return { family: mapped ? 4 : 6, groups };
}

/** The address in the one spelling that IPv4-mapped and plain IPv4 share; IPv6 without abbreviation. */
export function formatAddress({ family, groups }: IpAddress): string {
  if (family === 6) return groups.map((group) => group.toString(16)).join(':');
  const [high = 0, low = 0] = groups.slice(6);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

function ipv4Groups(text: string): [number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}

/** `text` is known to be IPv6: at most one `::`, at most one dotted IPv4 tail. */
function ipv6Groups(text: string): number[] {
  const [before = '', after] = text.split('::');
  const head = groupsOf(before);
  if (after === undefined) return head;
  const tail = groupsOf(after);
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function groupsOf(part: string): number[] {
  if (part === '') return [];
  return part
    .split(':')
    .flatMap((group) => (group.includes('.') ? ipv4Groups(group) : [Number.parseInt(group, 16)]));
}
