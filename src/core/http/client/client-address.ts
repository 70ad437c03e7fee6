import type { FastifyInstance } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { forwardedHops, type Hop, type ProxyHeader, xForwardedForHops } from './forwarded.js';
import { IpNetworks } from './ip-networks.js';

export interface ProxyOptions {
  /** Networks of proxies that are believed; without any, headers change nothing. */
  readonly trustedProxies: readonly string[];
  /** The header that those proxies write. */
  readonly proxyHeader: ProxyHeader;
}

/** Where a request comes from, as far as it can be believed. */
export interface Client {
  readonly ip: string;
  readonly protocol: 'http' | 'https';
}

/** The part of a connection that the peer cannot choose. */
interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly encrypted?: boolean;
}

/**
 * Makes the function that says who the client of a request is: the right-most hop that is not a trusted proxy. Each
 * trusted proxy is believed about the one that came to it, and nobody else about anything. Where a proxy says
 * nothing, or what is no address, nobody knows any better than: that proxy.
 */
export function clientResolver({ trustedProxies, proxyHeader }: ProxyOptions) {
  const trusted = new IpNetworks(trustedProxies);
  const hopsOf = proxyHeader === 'forwarded' ? forwardedHops : xForwardedForHops;

  return (peer: Peer, headers: IncomingHttpHeaders): Client => {
    const direct: Client = {
      // Without an address the socket is already closed: nobody gets the answer.
      ip: peer.remoteAddress ?? 'unknown',
      protocol: peer.encrypted === true ? 'https' : 'http',
    };
    if (!trusted.has(direct.ip)) return direct;
    const header = headers[proxyHeader];
    const hop = typeof header === 'string' ? farthestKnown(hopsOf(header), trusted) : undefined;
    const protocol = proxyHeader === 'forwarded' ? hop?.protocol : lastOf(headers['x-forwarded-proto']);
    return {
      ip: hop?.address ?? direct.ip,
      protocol: protocol === 'https' || protocol === 'http' ? protocol : direct.protocol,
    };
  };
}

/** Follows the hops for as long as each was reported by a trusted proxy; what the last of them says counts most. */
function farthestKnown(hops: Iterable<Hop>, trusted: IpNetworks): Hop {
  let address: string | undefined;
  let protocol: string | undefined;
  for (const hop of hops) {
    protocol = hop.protocol ?? protocol;
    if (hop.address === undefined) break;
    address = hop.address;
    if (!trusted.has(address)) break;
  }
  return { address, protocol };
}

/** Proxies replace this header or append to it; in both cases the last entry is the nearest one's own. */
function lastOf(header: string | string[] | undefined): string | undefined {
  return header?.toString().split(',').at(-1)?.trim().toLowerCase();
}

/**
 * Gives every request `ip` and `protocol` of its client. In place of Fastify's `trustProxy`, which knows
 * `X-Forwarded-For` only, believes `X-Forwarded-Host`, too, and takes for an address whatever stands in the header.
 * Has to be the first hook, so that every other one sees the same client.
 */
export function resolveClients(server: FastifyInstance, options: ProxyOptions): void {
  // The socket says it all then, and Fastify reads that by itself.
  if (options.trustedProxies.length === 0) return;
  const clientOf = clientResolver(options);
  server.addHook('onRequest', (request, _reply, done) => {
    const client = clientOf(request.socket, request.headers);
    Object.defineProperty(request, 'ip', { value: client.ip });
    Object.defineProperty(request, 'protocol', { value: client.protocol });
    done();
  });
}
