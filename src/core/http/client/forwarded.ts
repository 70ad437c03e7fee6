import { isIP, isIPv6 } from 'node:net';

/** One hop as a proxy reported it: who came to the proxy, and by which protocol. */
export interface Hop {
  /** The address alone; undefined when the proxy hides it (`unknown`, `_secret`) or what stands there is none. */
  readonly address: string | undefined;
  readonly protocol: string | undefined;
}

/** Headers that proxies write. Only the configured one is believed: the other may be a client's own invention. */
export const PROXY_HEADERS = ['x-forwarded-for', 'forwarded'] as const;
export type ProxyHeader = (typeof PROXY_HEADERS)[number];

const LONGEST_NODE = 100;

/**
 * Hops of `X-Forwarded-For`, from the nearest to the farthest. Each proxy appends the address that it saw, so only the
 * right end is its own; whatever a client wrote stands to the left of that.
 */
export function* xForwardedForHops(header: string): Generator<Hop> {
  for (let end = header.length; end >= 0;) {
    const comma = header.lastIndexOf(',', end - 1);
    const start = end === 0 ? 0 : comma + 1;
    yield { address: nodeAddress(header.slice(start, end).trim()), protocol: undefined };
    if (start === 0) return;
    end = start - 1;
  }
}

/**
 * Hops of `Forwarded` (RFC 7239), from the nearest to the farthest. It is read from its right end: what the proxy
 * itself wrote is well-formed, while a client could leave a quotation open on the left of it, which would swallow the
 * proxy's own element if one read from the left.
 */
export function* forwardedHops(header: string): Generator<Hop> {
  let end = header.length;
  let quoted = false;
  for (let at = header.length - 1; at >= 0; at--) {
    if (header[at] === '"') {
      if (!quoted) quoted = true;
      else if (!isEscaped(header, at)) quoted = false;
    } else if (header[at] === ',' && !quoted) {
      yield elementHop(header.slice(at + 1, end));
      end = at;
    }
  }
  yield elementHop(header.slice(0, end));
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

const PARAMETER =
  /^[ \t]*([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w:[\]-]+)|"((?:[^"\\]|\\.)*)")[ \t]*(?:;|$)/;
const UNKNOWN: Hop = { address: undefined, protocol: undefined };

/** Some proxies leave the quotes around IPv6 and ports out, so `:`, `[` and `]` are also read without. */
function elementHop(element: string): Hop {
  const parameters = new Map<string, string>();
  for (let rest = element; rest.trim() !== '';) {
    const match = PARAMETER.exec(rest);
    const name = match?.[1]?.toLowerCase();
    // Twice the same, or not to be understood: then nothing in it is worth believing.
    if (!match || name === undefined || parameters.has(name)) return UNKNOWN;
    parameters.set(name, match[2] ?? (match[3] ?? '').replace(/\\(.)/g, '$1'));
    rest = rest.slice(match[0].length);
  }
  return {
    address: nodeAddress(parameters.get('for') ?? ''),
    protocol: parameters.get('proto')?.toLowerCase(),
  };
}

/** The address of `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` and `[2001:db8::1]:80`; else undefined. */
function nodeAddress(node: string): string | undefined {
  if (node.length > LONGEST_NODE) return undefined;
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\]|([\d.]+))(?::(?:\d{1,5}|_[\w.-]+))?$/.exec(node) ?? [];
  const address = bracketed ?? dotted ?? node;
  // A zone means something on its own link only, and a dotted address in brackets is a mistake.
  const valid = bracketed === undefined ? isIP(address) !== 0 : isIPv6(address);
  return valid && !address.includes('%') ? address : undefined;
}
