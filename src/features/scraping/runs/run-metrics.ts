import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { EventBus } from '../../../core/events/index.js';
import { RunEnded } from './run-events.js';
import { FINISH_REASONS } from './run.entity.js';

const ENDED = 'gleaner_scrape_runs_ended_total';

export const runMetricProviders = [
  makeCounterProvider({
    name: ENDED,
    help: 'Runs that this process has ended, by why they ended',
    labelNames: ['finish_reason'],
  }),
];

/** Counts how runs end; `suspicious` among them is what a site's drift is noticed by. */
@Injectable()
export class RunMetrics {
  constructor(@InjectMetric(ENDED) ended: Counter, bus: EventBus) {
    for (const finishReason of FINISH_REASONS) ended.inc({ finish_reason: finishReason }, 0);
    bus.subscribe(RunEnded, ({ ending }) => ended.inc({ finish_reason: ending.finishReason }));
  }
}
