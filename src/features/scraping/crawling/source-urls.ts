import type { Source } from '../../sources/index.js';
import { RefusedUrlError } from '../fetching/fetch.errors.js';
import { canonicalUrl, fingerprintOf } from '../frontier/canonical-url.js';
import type { NewRequest } from '../frontier/frontier.js';
import type { StatCounter } from '../runs/run-stats.js';
import { RecentlySeen } from './recently-seen.js';
import type { ScrapeRequest } from './spider.js';

/** A longer URL is a trap, or a fault of the page. */
const MAX_URL_LENGTH = 4096;
/** Twice as many fingerprints of a run stay in memory: most links of a page are the same as on the page before. */
const REMEMBERED = 20_000;

type Resolved = Pick<NewRequest, 'fingerprint' | 'url' | 'host'>;

/** Decides which URLs belong to a source and makes requests of links, for one run in one process. */
export class SourceUrls {
  private readonly hosts: ReadonlySet<string>;
  private readonly dropTracking: boolean;
  private readonly maxDepth: number;
  private readonly resolved = new RecentlySeen<Resolved | 'offsite'>(REMEMBERED);
  private readonly enqueued = new RecentlySeen<true>(REMEMBERED);

  constructor({ startUrls, scope, limits }: Pick<Source, 'startUrls' | 'scope' | 'limits'>) {
    const own = startUrls.map((url) => new URL(url).hostname);
    this.hosts = new Set([...own, ...scope.allowedHosts.map((host) => host.toLowerCase())]);
    this.dropTracking = scope.dropTrackingParameters;
    this.maxDepth = limits.maxDepth ?? Infinity;
  }

  /**
   * The request that a link makes; `undefined`, and counted, when it leads away, too deep, or where the run is known
   * to have been.
   */
  admit({ url, callback }: ScrapeRequest, depth: number, stats: StatCounter): NewRequest | undefined {
    let known = this.resolved.get(url);
    if (known === undefined) {
      known = this.resolve(url);
      this.resolved.set(url, known);
    }
    if (known === 'offsite') stats.add('offsite/filtered');
    else if (depth > this.maxDepth) stats.add('depth/filtered');
    else if (this.enqueued.get(known.fingerprint)) stats.add('dupefilter/filtered');
    else return { ...known, callback, depth };
    return undefined;
  }

  /** These are in the frontier now. */
  remember(requests: readonly Pick<NewRequest, 'fingerprint'>[]): void {
    for (const { fingerprint } of requests) this.enqueued.set(fingerprint, true);
  }

  /** @throws RefusedUrlError when the URL leads away from the source. */
  requireOnSite(url: URL): void {
    if (!this.isOnSite(url)) throw new RefusedUrlError(url.href, 'it leaves the hosts of its source');
  }

  private isOnSite({ protocol, hostname, host }: URL): boolean {
    const isWeb = protocol === 'http:' || protocol === 'https:';
    return isWeb && (this.hosts.has(hostname) || this.hosts.has(host));
  }

  private resolve(text: string): Resolved | 'offsite' {
    if (text.length > MAX_URL_LENGTH || !URL.canParse(text)) return 'offsite';
    const url = new URL(text);
    url.hash = '';
    if (!this.isOnSite(url)) return 'offsite';
    const fingerprint = fingerprintOf(canonicalUrl(url, { dropTracking: this.dropTracking }));
    return { fingerprint, url: url.href, host: url.host };
  }
}
