import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { BoundedLabel } from '../../../core/metrics/index.js';
import type { RunStats } from './run-stats.js';

const PAGES = 'gleaner_scrape_pages_total';
const BYTES = 'gleaner_scrape_response_bytes_total';
const ITEMS = 'gleaner_scrape_items_total';
const FAILED = 'gleaner_scrape_pages_failed_total';
const RETRIED = 'gleaner_scrape_requests_retried_total';

/** Sources are declared by users, so that nobody knows how many there are. */
export const MAX_SOURCE_LABELS = 200;

const labelNames = ['source'];

/** Label `source`: the first 200 that this process scrapes, and `other`. */
export const scrapeMetricProviders = [
  makeCounterProvider({ name: PAGES, help: 'Pages that came, or that have not changed', labelNames }),
  makeCounterProvider({ name: BYTES, help: 'Bytes of these pages, unpacked', labelNames }),
  makeCounterProvider({ name: ITEMS, help: 'Items found and stored', labelNames }),
  makeCounterProvider({ name: FAILED, help: 'Pages given up', labelNames }),
  makeCounterProvider({ name: RETRIED, help: 'Requests tried again', labelNames }),
];

/** What this process has scraped and committed: what is not counted by a run is not counted here. */
@Injectable()
export class ScrapeMetrics {
  private readonly label = new BoundedLabel(MAX_SOURCE_LABELS);
  private readonly counters: readonly (readonly [keyof RunStats, Counter])[];

  constructor(
    @InjectMetric(PAGES) pages: Counter,
    @InjectMetric(BYTES) bytes: Counter,
    @InjectMetric(ITEMS) items: Counter,
    @InjectMetric(FAILED) failed: Counter,
    @InjectMetric(RETRIED) retried: Counter,
  ) {
    this.counters = [
      ['downloader/response_count', pages],
      ['downloader/response_bytes', bytes],
      ['item_scraped_count', items],
      ['retry/max_reached', failed],
      ['retry/count', retried],
    ];
  }

  committed(slug: string, stats: Readonly<Record<string, number>>): void {
    const source = this.label.of(slug);
    for (const [name, counter] of this.counters) counter.inc({ source }, stats[name] ?? 0);
  }
}
