import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { EventBus } from '../../../core/events/index.js';
import { BoundedLabel } from '../../../core/metrics/index.js';
import { RunEnded } from './run-events.js';
import { FINISH_REASONS } from './run.entity.js';
import { MAX_SOURCE_LABELS } from './scrape-metrics.js';

const ENDED = 'gleaner_scrape_runs_ended_total';

/** Labels: `source` as in scrape-metrics.ts, `finish_reason` one of FINISH_REASONS. */
export const runMetricProviders = [
  makeCounterProvider({
    name: ENDED,
    help: 'Runs that this process has ended, by why they ended',
    labelNames: ['source', 'finish_reason'],
  }),
];

/** Counts how runs end; `suspicious` among them is what a site's drift is noticed by. */
@Injectable()
export class RunMetrics {
  private readonly label = new BoundedLabel(MAX_SOURCE_LABELS);
  private readonly begun = new Set<string>();

  constructor(
    @InjectMetric(ENDED) private readonly ended: Counter,
    bus: EventBus,
  ) {
    bus.subscribe(RunEnded, ({ source, ending }) => {
      this.beginAtZero(source);
      ended.inc({ source: this.label.of(source), finish_reason: ending.finishReason });
    });
  }

  /** For a source whose runs may end: else the first to do so would be no increase. */
  beginAtZero(slug: string): void {
    const source = this.label.of(slug);
    if (this.begun.has(source)) return;
    this.begun.add(source);
    for (const finishReason of FINISH_REASONS) this.ended.inc({ source, finish_reason: finishReason }, 0);
  }
}
