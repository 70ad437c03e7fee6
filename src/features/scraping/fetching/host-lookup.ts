import { type LookupAddress, promises as dns } from 'node:dns';

/** Injects how the addresses of a name are found. */
export const HOST_LOOKUP = Symbol('host lookup');

/** All addresses of a name, in the order in which they should be tried. */
export type HostLookup = (host: string) => Promise<readonly LookupAddress[]>;

/** As the operating system finds them, `/etc/hosts` included, so that Gleaner means the same host as its neighbours. */
export const systemLookup: HostLookup = (host) => dns.lookup(host, { all: true });
