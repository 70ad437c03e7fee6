import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { buildConnector } from 'undici';
import { BlockedAddressError, DnsError } from './fetch.errors.js';
import { connectFailure } from './fetch-failure.js';
import type { HostLookup } from './host-lookup.js';
import type { OutboundGuard } from './outbound-guard.js';

/**
 * Opens connections to addresses that the guard allows, and to no other. The look-up that is checked is the one that
 * is connected to: a name that resolves to something else a moment later changes nothing. Servers have to prove who
 * they are, whatever NODE_TLS_REJECT_UNAUTHORIZED says.
 * @param connectTimeoutMs for look-up, connection and TLS handshake together.
 */
export function guardedConnector(
  guard: OutboundGuard,
  lookup: HostLookup,
  connectTimeoutMs: number,
): buildConnector.connector {
  const connect = buildConnector({
    // HTTP/1.1 only: politeness counts requests that are under way, and only this parser has a limit for headers.
    allowH2: false,
    rejectUnauthorized: true,
    timeout: connectTimeoutMs,
    lookup: guardedLookup(guard, lookup),
  });
  return (options, callback) => {
    const { hostname, protocol } = options;
    const origin = `${protocol}//${options.host ?? hostname}`;
    // An address is not looked up.
    if (isIP(hostname) !== 0 && !guard.allows(hostname, hostname)) {
      callback(new BlockedAddressError(hostname, [hostname]), null);
      return;
    }
    connect(options, (error, socket) => {
      if (error) callback(connectFailure(error, origin, connectTimeoutMs), null);
      else callback(null, socket);
    });
  };
}

/** A look-up, as Node's sockets ask for it, that finds only what the guard allows. */
function guardedLookup(guard: OutboundGuard, lookup: HostLookup): LookupFunction {
  const allowedAddresses = callbackify(async (host: string): Promise<LookupAddress[]> => {
    const found = await lookup(host).catch((error: unknown) => {
      throw new DnsError(host, error);
    });
    if (found.length === 0) throw new DnsError(host);
    const allowed = found.filter(({ address }) => guard.allows(host, address));
    if (allowed.length > 0) return allowed;
    throw new BlockedAddressError(
      host,
      found.map(({ address }) => address),
    );
  });
  return (host, options, callback) => {
    allowedAddresses(host, (error, addresses) => {
      const [first] = addresses ?? [];
      if (!first) callback(error, '');
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
