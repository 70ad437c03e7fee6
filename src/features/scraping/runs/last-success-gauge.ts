import { Injectable } from '@nestjs/common';
import { InjectMetric, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { GaugeReading } from '../../../core/metrics/index.js';
import { RunMetrics } from './run-metrics.js';
import { MAX_SOURCE_LABELS } from './scrape-metrics.js';

const LAST = 'gleaner_source_last_success_timestamp_seconds';
const STALE = 'gleaner_source_metrics_stale';

export const lastSuccessProviders = [
  makeGaugeProvider({
    name: LAST,
    help: `When the newest run of the source that succeeded had ended, in seconds since 1970, of the first ${MAX_SOURCE_LABELS} sources; every process tells the same, so take the max`,
    labelNames: ['source'],
  }),
  makeGaugeProvider({
    name: STALE,
    help: '1 while PostgreSQL does not answer, so that metrics of all sources are what they last were',
  }),
];

/** When each source was last scraped with success. A source that never was has no such time. */
@Injectable()
export class LastSuccessGauge {
  constructor(
    dataSource: DataSource,
    runs: RunMetrics,
    @InjectMetric(LAST) last: Gauge,
    @InjectMetric(STALE) stale: Gauge,
  ) {
    GaugeReading.attach({
      read: async () =>
        dataSource.query<{ source: string; seconds: number | null }[]>(LAST_SUCCESSES, [MAX_SOURCE_LABELS]),
      tell: (rows) => {
        last.reset();
        for (const { source, seconds } of rows) {
          runs.beginAtZero(source);
          if (seconds !== null) last.set({ source }, seconds);
        }
      },
      gauges: [last],
      stale,
    });
  }
}

/** Of every source, also those that never were; one row of an index each. */
const LAST_SUCCESSES = `
SELECT s.slug AS source, extract(epoch FROM r.finished_at)::float8 AS seconds
FROM (SELECT id, slug FROM source ORDER BY id LIMIT $1) s LEFT JOIN LATERAL
  (SELECT finished_at FROM run WHERE source_id = s.id AND status = 'succeeded'
   ORDER BY created_at DESC, id DESC LIMIT 1) r ON true`;
