import { Injectable } from '@nestjs/common';
import { InjectMetric, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Gauge } from 'prom-client';
import { GaugeReading } from '../../../core/metrics/index.js';
import { BeatReader } from './beat-reader.js';

const LAST = 'gleaner_beat_last_timestamp_seconds';
const STALE = 'gleaner_beat_metrics_stale';

export const beatGaugeProviders = [
  makeGaugeProvider({
    name: LAST,
    help: 'When the newest heartbeat that a worker has written was sent, in seconds since 1970, 0 when there never was one; every process tells the same, so take the max',
  }),
  makeGaugeProvider({
    name: STALE,
    help: '1 while PostgreSQL does not answer, so that the metric of heartbeats is what it last was',
  }),
];

/** The newest heartbeat. A time and no age: a time that was read long ago is still true. */
@Injectable()
export class BeatGauge {
  constructor(beats: BeatReader, @InjectMetric(LAST) last: Gauge, @InjectMetric(STALE) stale: Gauge) {
    GaugeReading.attach({
      read: async () => beats.newest(),
      tell: (beat) => last.set((beat?.sentAt.getTime() ?? 0) / 1000),
      gauges: [last],
      stale,
    });
  }
}
