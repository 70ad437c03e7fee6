import { z } from 'zod';

/**
 * What a run did, over all its workers; names are Scrapy's where it has one. Beside those named here there are
 * `downloader/response_status_count/<status>`, `downloader/exception_type_count/<code of the error>` and
 * `retry/reason_count/<code>`. Everything only grows, and is committed together with the pages that it counts: what a
 * worker did and could not commit is not counted.
 */
export const runStatsSchema = z.looseObject({
  'downloader/request_count': z.int().describe('Requests sent: retries, redirects and robots.txt included'),
  'downloader/response_count': z.int().describe('Pages that came, or that have not changed'),
  'downloader/response_bytes': z.int().describe('Bytes of these pages, unpacked'),
  'retry/count': z.int().describe('Requests tried again'),
  'retry/max_reached': z.int().describe('Pages given up'),
  'dupefilter/filtered': z.int().describe('Links to pages that the run already had'),
  'offsite/filtered': z.int().describe('Links to other hosts'),
  'depth/filtered': z.int().describe('Links that lead too deep'),
  request_depth_max: z.int().describe('Depth of the deepest page'),
  'robotstxt/forbidden': z.int().describe('Pages that robots.txt keeps from being fetched'),
  'httpcache/revalidate': z.int().describe('Pages that had not changed, and cost no body'),
  item_scraped_count: z.int().describe('Items found, each counted once'),
  item_dropped_count: z.int().describe('Items without what they must have'),
  'item/inserted': z.int().describe('Items that were new'),
  'item/updated': z.int().describe('Items that had changed'),
  'item/unchanged': z.int().describe('Items that were as before'),
  'page/emptied': z.int().describe('Pages without items that used to give some'),
  'page/blocked': z.int().describe('Pages that something else answered in place of the site'),
  'scheduler/enqueued': z.int().describe('Pages to fetch known so far'),
  'scheduler/dequeued': z.int().describe('Pages done'),
});

export type RunStats = z.output<typeof runStatsSchema>;

export function emptyStats(): RunStats {
  return Object.fromEntries(Object.keys(runStatsSchema.shape).map((name) => [name, 0])) as RunStats;
}

/** Of these the largest counts, not the sum; the function add_counts of the database knows them by this ending. */
const isMaximum = (name: string): boolean => name.endsWith('_max');

/** Stats of part of a run, until they are added to those of the run. */
export class StatCounter {
  private readonly counts = new Map<string, number>();

  add(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  max(name: string, value: number): void {
    this.counts.set(name, Math.max(this.counts.get(name) ?? 0, value));
  }

  addAll(other: StatCounter): void {
    for (const [name, count] of other.counts) {
      if (isMaximum(name)) this.max(name, count);
      else this.add(name, count);
    }
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.counts);
  }
}
