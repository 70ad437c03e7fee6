import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import type { Counter, Histogram } from 'prom-client';
import { SLOT_OUTCOMES } from './schedule.entity.js';

const FIRED = 'gleaner_schedule_fired_total';
const LAG = 'gleaner_schedule_lag_seconds';
const ERRORS = 'gleaner_schedule_errors_total';

/** `fire`: the target threw, and the slot is tried again; `after_commit`: what was left to do then was not done. */
const STEPS = ['fire', 'after_commit'] as const;

/** What schedules do. Label `outcome`: what a target can say of a slot; `step`: the two above. */
@Injectable()
export class ScheduleMetrics {
  constructor(
    @InjectMetric(FIRED) readonly fired: Counter,
    @InjectMetric(LAG) readonly lag: Histogram,
    @InjectMetric(ERRORS) readonly errors: Counter,
  ) {
    for (const outcome of SLOT_OUTCOMES) fired.inc({ outcome }, 0);
    for (const step of STEPS) errors.inc({ step }, 0);
  }
}

export const scheduleMetricProviders = [
  makeCounterProvider({
    name: FIRED,
    help: 'Slots of schedules by what became of them; one that waited counts again when it no longer does',
    labelNames: ['outcome'],
  }),
  makeHistogramProvider({
    name: LAG,
    help: 'Seconds from the moment in which a slot was due until it was claimed',
    buckets: [0.1, 0.5, 1, 2, 5, 15, 60, 300, 1800, 7200],
  }),
  makeCounterProvider({
    name: ERRORS,
    help: 'Slots whose target threw, and work after the commit that failed',
    labelNames: ['step'],
  }),
];
