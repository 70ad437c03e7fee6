import { Injectable } from '@nestjs/common';
import { InjectMetric, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Gauge } from 'prom-client';
import { GaugeReading } from '../../../core/metrics/index.js';
import { DeadLetters, MOST_COUNTED } from './dead-letters.js';

const LETTERS = 'gleaner_dead_letters';
const STALE = 'gleaner_dead_letter_metrics_stale';

/** Of the whole installation. Label: `queue` one of the queues. */
export const deadLetterGaugeProviders = [
  makeGaugeProvider({
    name: LETTERS,
    help: `Tasks that failed for good and that nobody has repeated or forgotten, counted up to ${MOST_COUNTED} a queue; every process tells the same, so take the max`,
    labelNames: ['queue'],
  }),
  makeGaugeProvider({
    name: STALE,
    help: '1 while PostgreSQL does not answer, so that the metric of dead letters is what it last was',
  }),
];

/** The dead letters that wait for somebody. */
@Injectable()
export class DeadLetterGauge {
  constructor(letters: DeadLetters, @InjectMetric(LETTERS) gauge: Gauge, @InjectMetric(STALE) stale: Gauge) {
    GaugeReading.attach({
      read: async () => letters.unrepeated(),
      tell: (counts) => {
        for (const [queue, count] of counts) gauge.set({ queue }, count);
      },
      gauges: [gauge],
      stale,
    });
  }
}
