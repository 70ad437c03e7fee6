import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';

const TOLD = 'gleaner_changes_total';
const LOST = 'gleaner_changes_lost_total';

@Injectable()
export class ChangeMetrics {
  constructor(
    @InjectMetric(TOLD) readonly told: Counter,
    @InjectMetric(LOST) readonly lost: Counter,
  ) {}
}

export const changeMetricProviders = [
  makeCounterProvider({ name: TOLD, help: 'Changes of tasks and workers told to whoever follows them' }),
  makeCounterProvider({
    name: LOST,
    help: 'Changes of tasks and workers that Redis did not take, so that nobody hears of them',
  }),
];
