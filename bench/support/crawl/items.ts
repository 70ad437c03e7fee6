import { createHash } from 'node:crypto';

/** What a crawl of the quotes site must give of a quote. The order of the fields is part of the hash. */
export interface QuoteItem {
  text: string;
  authorSlug: string;
  /** Not part of the hash: Gleaner keeps an author's name once, as their own page has it. */
  authorName: string;
  tags: string[];
}

/** And of an author. */
export interface AuthorItem {
  slug: string;
  name: string;
  /** ISO date. */
  bornOn: string | null;
  bornLocation: string | null;
  description: string | null;
}

/** What a crawl prints as its last line, whoever crawled. */
export interface CrawlResult {
  /** Answered with 200; redirects are no pages. */
  pages: number;
  /** Different ones, as many as are stored. */
  items: number;
  /** See {@link hashItems}. */
  sha256: string;
  /** From the first request until the last item was stored. */
  seconds: number;
  /** Of the process in that time, user and system together; its start is not counted. */
  cpuSeconds: number;
}

/**
 * The same for the same items, in whatever order they came and however often: SHA-256 of their JSON, each once, a line
 * each, sorted by bytes.
 */
export function hashItems(items: Iterable<QuoteItem | AuthorItem>): { items: number; sha256: string } {
  const lines = [
    ...new Set(Array.from(items, (item) => `${JSON.stringify({ ...item, authorName: undefined })}\n`)),
  ]
    .map((line) => Buffer.from(line))
    .toSorted((a, b) => a.compare(b));
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line);
  return { items: lines.length, sha256: hash.digest('hex') };
}
