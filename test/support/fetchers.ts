import { loadConfig } from '../../src/core/config/index.js';
import { fetchingConfig } from '../../src/features/scraping/fetching/fetching.config.js';
import { type HostLookup, systemLookup } from '../../src/features/scraping/fetching/host-lookup.js';
import {
  type FetchAnswer,
  type FetchRequest,
  HttpFetcher,
} from '../../src/features/scraping/fetching/http-fetcher.js';
import { OutboundGuard } from '../../src/features/scraping/fetching/outbound-guard.js';

/** A fetcher as the application makes it, which may ask this machine. @param env settings on top of that. */
export function fetcherWith(
  env: Record<string, string> = {},
  lookup: HostLookup = systemLookup,
): HttpFetcher {
  const config = loadConfig({ SCRAPE_ALLOWED_PRIVATE_HOSTS: '127.0.0.0/8', ...env }, [fetchingConfig]).get(
    fetchingConfig,
  );
  return new HttpFetcher(config, new OutboundGuard(config), lookup);
}

/** One fetch of HTML. */
export async function fetchUrl(
  fetcher: HttpFetcher,
  url: string,
  request: Partial<FetchRequest> = {},
  signal = new AbortController().signal,
): Promise<FetchAnswer> {
  return fetcher.fetch({ url: new URL(url), accept: 'html', ...request }, signal);
}

/** A look-up that knows these names; asked again, a name that has several answers gives the next. */
export function fakeDns(names: Record<string, readonly (readonly string[])[]>): HostLookup {
  const asked = new Map<string, number>();
  return async (host) => {
    const answers = names[host];
    if (!answers) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
    const turn = asked.get(host) ?? 0;
    asked.set(host, turn + 1);
    const addresses = answers[Math.min(turn, answers.length - 1)] ?? [];
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
}
