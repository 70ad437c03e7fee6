import type { PanelSpec } from './panel.ts';
import { inRange, perSecond, quantile, quantiles } from './promql.ts';
import { CHOSEN, counts, OUTCOMES, outcomes, RUNTIME, successRate, WAIT } from './task-queries.ts';

/** The same as of all tasks together, for each name. */
export const tasksByName: readonly PanelSpec[] = [
  {
    kind: 'table',
    title: 'Counts by task',
    description: 'What became of each task in the time shown, and the part of those ended that succeeded.',
    unit: 'short',
    columnUnits: { 'success rate': 'percentunit' },
    queries: { 'success rate': successRate(['task']), ...counts(['task']) },
    alerts: ['TaskFailureRateHigh'],
    width: 24,
  },
  {
    kind: 'table',
    title: 'Errors by task',
    description:
      'What ended each task in the time shown, by the code or class of its error. The first of each kind is not counted.',
    unit: 'short',
    queries: { failed: inRange('gleaner_task_failures_total', ['task', 'error'], ...CHOSEN) },
    alerts: ['DeadLettersPresent'],
  },
  {
    kind: 'series',
    title: 'Retries by task',
    description: 'Part of the attempts that failed and are tried again.',
    unit: 'percentunit',
    queries: {
      '{{task}}': `${perSecond(OUTCOMES.retried, ['task'], ...CHOSEN)} / ${perSecond(OUTCOMES.started, ['task'], ...CHOSEN)}`,
    },
    thresholds: { warning: 0.1 },
    alerts: ['TaskRetryRateHigh'],
  },
  {
    kind: 'series',
    title: 'What becomes of each task',
    description: 'Tasks a second by name, and by what became of them.',
    unit: 'cps',
    queries: outcomes(perSecond, ['task']),
    width: 24,
  },
  {
    kind: 'series',
    title: 'Runtime by task',
    description: 'Seconds that an attempt took, by name of the task.',
    unit: 's',
    queries: {
      ...quantiles(RUNTIME, ['task'], ...CHOSEN),
      'p99.9 {{task}}': quantile(0.999, RUNTIME, ['task'], ...CHOSEN),
    },
  },
  {
    kind: 'series',
    title: 'Wait by task',
    description: 'Seconds from enqueueing to the first attempt, by name of the task.',
    unit: 's',
    queries: quantiles(WAIT, ['task'], ...CHOSEN),
  },
];
