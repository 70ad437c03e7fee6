import { z } from 'zod';

/**
 * What a run did, over all its attempts; names are Scrapy's where it has one. Everything only grows, also when a
 * crash makes a worker do part of the run again.
 */
export const runStatsSchema = z.object({
  'downloader/request_count': z.int().describe('Requests sent, retries included'),
  'downloader/response_count': z.int().describe('Pages that came'),
  'downloader/response_bytes': z.int().describe('Bytes of these pages, unpacked'),
  'retry/count': z.int().describe('Requests tried again'),
  'retry/max_reached': z.int().describe('Pages given up'),
  'dupefilter/filtered': z.int().describe('Links to pages that the run already had'),
  'offsite/filtered': z.int().describe('Links to other hosts'),
  item_scraped_count: z.int().describe('Items found, each counted once'),
  'item/inserted': z.int().describe('Items that were new'),
  'item/updated': z.int().describe('Items that had changed'),
  'item/unchanged': z.int().describe('Items that were as before'),
  'scheduler/enqueued': z.int().describe('Pages to fetch known so far'),
  'scheduler/dequeued': z.int().describe('Pages done'),
});

export type RunStats = z.output<typeof runStatsSchema>;

export function emptyStats(): RunStats {
  return {
    'downloader/request_count': 0,
    'downloader/response_count': 0,
    'downloader/response_bytes': 0,
    'retry/count': 0,
    'retry/max_reached': 0,
    'dupefilter/filtered': 0,
    'offsite/filtered': 0,
    item_scraped_count: 0,
    'item/inserted': 0,
    'item/updated': 0,
    'item/unchanged': 0,
    'scheduler/enqueued': 0,
    'scheduler/dequeued': 0,
  };
}
