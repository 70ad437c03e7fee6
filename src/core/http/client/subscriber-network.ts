import { formatAddress, parseAddress } from './ip-address.js';

/**
 * What counts as one subscriber: an IPv4 address (also when it comes as IPv4-mapped IPv6), or the /64 of an IPv6
 * address, for that is what a single customer is given (RFC 6177), with 2^64 addresses to choose from. Limits and
 * counts of failed attempts go by this; text that is no address is a subscriber of its own. Node no longer knows the
 * address of a connection that has been closed meanwhile: those are one subscriber together.
 */
export function subscriberNetwork(address: string | undefined): string {
  if (address === undefined) return 'gone';
  // Nearly every call: IPv4 in its only spelling.
  if (!address.includes(':')) return address;
  const parsed = parseAddress(address);
  if (!parsed) return address;
  if (parsed.family === 4) return formatAddress(parsed);
  const [a = 0, b = 0, c = 0, d = 0] = parsed.groups;
  return `${a.toString(16)}:${b.toString(16)}:${c.toString(16)}:${d.toString(16)}::/64`;
}
