import { Injectable } from '@nestjs/common';
import { InjectMetric, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { GaugeReading } from '../../../core/metrics/index.js';
import { RunMetrics } from './run-metrics.js';
import { MAX_SOURCE_LABELS } from './scrape-metrics.js';

const LAST = 'gleaner_source_last_success_timestamp_seconds';
const SUSPICIOUS = 'gleaner_source_last_run_suspicious';
const STALE = 'gleaner_source_metrics_stale';

const ALIKE = `of the first ${MAX_SOURCE_LABELS} sources; every process tells the same, so take the max`;

export const sourceGaugeProviders = [
  makeGaugeProvider({
    name: LAST,
    help: `When the newest run of the source that succeeded had ended, in seconds since 1970, ${ALIKE}`,
    labelNames: ['source'],
  }),
  makeGaugeProvider({
    name: SUSPICIOUS,
    help: `1 when the newest run of the source that succeeded or failed was suspicious, ${ALIKE}`,
    labelNames: ['source'],
  }),
  makeGaugeProvider({
    name: STALE,
    help: '1 while PostgreSQL does not answer, so that metrics of all sources are what they last were',
  }),
];

interface Row {
  source: string;
  succeededAt: number | null;
  isSuspicious: boolean | null;
}

/** How each source was last scraped. A source that never was has none of this. */
@Injectable()
export class SourceGauges {
  constructor(
    dataSource: DataSource,
    runs: RunMetrics,
    @InjectMetric(LAST) last: Gauge,
    @InjectMetric(SUSPICIOUS) suspicious: Gauge,
    @InjectMetric(STALE) stale: Gauge,
  ) {
    GaugeReading.attach({
      read: async () => dataSource.query<Row[]>(LAST_RUNS, [MAX_SOURCE_LABELS]),
      tell: (rows) => {
        last.reset();
        suspicious.reset();
        for (const { source, succeededAt, isSuspicious } of rows) {
          runs.beginAtZero(source);
          if (succeededAt !== null) last.set({ source }, succeededAt);
          if (isSuspicious !== null) suspicious.set({ source }, isSuspicious ? 1 : 0);
        }
      },
      gauges: [last, suspicious],
      stale,
    });
  }
}

/** Of every source, also those that never were; two rows of an index each. */
const LAST_RUNS = `
SELECT s.slug AS source, extract(epoch FROM r.finished_at)::float8 AS "succeededAt",
  l.is_suspicious AS "isSuspicious"
FROM (SELECT id, slug FROM source ORDER BY id LIMIT $1) s
LEFT JOIN LATERAL
  (SELECT coalesce(finish_reason = 'suspicious', false) AS is_suspicious FROM run WHERE source_id = s.id AND status IN ('succeeded', 'failed')
   ORDER BY created_at DESC, id DESC LIMIT 1) l ON true
LEFT JOIN LATERAL
  (SELECT finished_at FROM run WHERE source_id = s.id AND status = 'succeeded'
   ORDER BY created_at DESC, id DESC LIMIT 1) r ON true`;
