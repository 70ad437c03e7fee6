/** Most of a robots.txt that is read (RFC 9309 §2.5 asks for at least that much); the rest is ignored. */
export const ROBOTS_MAX_BYTES = 500 * 1024;

const MAX_CRAWL_DELAY_MS = 300_000;
const MAX_SITEMAPS = 50;
const MAX_SITEMAP_LENGTH = 2048;
const ANY_ORIGIN = 'https://any.example';

/** What a robots.txt says to one crawler: patterns as they are written there, none of them empty. */
export interface RobotsFile {
  allow: string[];
  disallow: string[];
  /** Between 0 and 300 s. */
  crawlDelayMs?: number | undefined;
  /** http and https only. */
  sitemaps: string[];
}

/** What applies where there is no robots.txt. */
export const NO_ROBOTS: RobotsFile = { allow: [], disallow: [], sitemaps: [] };

/** The name by which robots.txt calls a crawler, e.g. `gleaner` of `Gleaner/0.1 (self-hosted scraper)`. */
export function productToken(userAgent: string): string {
  return (/^[^\s/]+/.exec(userAgent)?.[0] ?? '').toLowerCase();
}

/**
 * Reads a robots.txt for the crawler with this product token: the groups that name it, or else those for `*` (RFC 9309
 * §2.2). In one pass that keeps nothing of other groups: their number times that of their rules is without bound.
 */
export function parseRobots(text: string, token: string): RobotsFile {
  const [own, everybody] = [new Group(), new Group()];
  const sitemaps = new Set<string>();
  let current = new Set<Group>();
  let inRules = false;
  for (const [name, value] of directives(cut(text))) {
    if (name === 'user-agent') {
      // Lines that follow each other name one group; the first after a rule begins another.
      if (inRules) current = new Set();
      inRules = false;
      const named = productToken(value);
      if (named === token) current.add(own.found());
      else if (named === '*') current.add(everybody);
    } else if (name === 'sitemap') {
      if (sitemaps.size < MAX_SITEMAPS && isSitemap(value)) sitemaps.add(value);
    } else if (name === 'allow' || name === 'disallow' || name === 'crawl-delay') {
      inRules = true;
      for (const group of current) group.add(name, value);
    }
  }
  const mine = own.isThere ? own : everybody;
  return { ...mine.rules(), sitemaps: [...sitemaps] };
}

/** Whether it can be fetched as a sitemap: a URL of the web, or, as sites write it although it is not allowed, a path. */
export function isSitemap(url: string): boolean {
  return url.length <= MAX_SITEMAP_LENGTH && /^(https?:\/)?\//i.test(url) && URL.canParse(url, ANY_ORIGIN);
}

class Group {
  /** Also one without any rule counts: it allows everything. */
  isThere = false;
  private readonly patterns = { allow: new Set<string>(), disallow: new Set<string>() };
  private crawlDelayMs: number | undefined;

  found(): this {
    this.isThere = true;
    return this;
  }

  add(name: 'allow' | 'disallow' | 'crawl-delay', value: string): void {
    if (name !== 'crawl-delay') {
      if (value !== '') this.patterns[name].add(value);
    } else if (/^\d+(\.\d+)?$/.test(value)) {
      this.crawlDelayMs = Math.min(Number(value) * 1000, MAX_CRAWL_DELAY_MS);
    }
  }

  rules(): Omit<RobotsFile, 'sitemaps'> {
    const { allow, disallow } = this.patterns;
    return { allow: [...allow], disallow: [...disallow], crawlDelayMs: this.crawlDelayMs };
  }
}

/** What has been cut off in the middle of a line would mean something else: `/` is the beginning of everything. */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length < ROBOTS_MAX_BYTES) return text;
  const begin = bytes.subarray(0, ROBOTS_MAX_BYTES);
  return begin.subarray(0, Math.max(begin.lastIndexOf('\n'), begin.lastIndexOf('\r'), 0)).toString();
}

/** `name: value` of each line that has it, comments taken out. */
function* directives(text: string): Generator<[name: string, value: string]> {
  for (const line of text.split(/[\r\n]+/)) {
    const [, name, value] = /^([^:#]*):([^#]*)/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) yield [name.trim().toLowerCase(), value.trim()];
  }
}
