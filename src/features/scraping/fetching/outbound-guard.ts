import { Inject, Injectable } from '@nestjs/common';
import { isIP } from 'node:net';
import { IpNetworks, isNetwork } from '../../../core/http/index.js';
import { BlockedAddressError, RefusedUrlError } from './fetch.errors.js';
import { type FetchingConfig, fetchingConfig } from './fetching.config.js';
import { REFUSED_NETWORKS } from './refused-networks.js';

/** The longest name that DNS knows. */
const MAX_HOST_LENGTH = 253;

/**
 * Says what may be asked from here, so that no page can send the crawler to where only this machine gets to. URLs are
 * looked at when they are found; what a name resolves to is looked at when it is connected to, for until then it can
 * change.
 */
@Injectable()
export class OutboundGuard {
  private readonly refused = new IpNetworks(REFUSED_NETWORKS);
  private readonly listedNetworks: IpNetworks;
  private readonly listedNames: ReadonlySet<string>;

  constructor(@Inject(fetchingConfig.token) private readonly config: FetchingConfig) {
    this.listedNetworks = new IpNetworks(config.allowedPrivateHosts.filter(isNetwork));
    this.listedNames = new Set(config.allowedPrivateHosts.filter((host) => !isNetwork(host)));
  }

  /**
   * @throws RefusedUrlError for another scheme than http and https, credentials, and ports that are not allowed;
   *   BlockedAddressError for a host that is an address which is not public.
   */
  checkUrl(url: URL): void {
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new RefusedUrlError(url.href, `its scheme is ${url.protocol.slice(0, 20)}`);
    if (url.username !== '' || url.password !== '')
      throw new RefusedUrlError(url.href, 'it has a user name or password');
    const host = hostOf(url);
    if (host.length > MAX_HOST_LENGTH) throw new RefusedUrlError(url.href, 'no host has such a long name');
    if (isIP(host) !== 0 && !this.allows(host, host)) throw new BlockedAddressError(host, [host]);
    // The URL parser leaves the port of the scheme out.
    const port = url.port === '' ? { 'http:': 80, 'https:': 443 }[url.protocol] : Number(url.port);
    if (!this.config.allowedPorts.includes(port) && !this.isListed(host))
      throw new RefusedUrlError(url.href, `its port ${port} is not in SCRAPE_ALLOWED_PORTS`);
  }

  /** Whether a connection for this host may go to this address; what is no address may not be connected to. */
  allows(host: string, address: string): boolean {
    if (isIP(address) === 0) return false;
    if (!this.refused.has(address)) return true;
    return this.isListed(host) || this.listedNetworks.has(address);
  }

  /** By its name, or as an address. */
  private isListed(host: string): boolean {
    return this.listedNames.has(host.replace(/\.$/, '')) || this.listedNetworks.has(host);
  }
}

/** Without the brackets of IPv6. */
function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
