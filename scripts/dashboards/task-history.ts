import type { PanelSpec } from './panel.ts';
import { max, of, perSecond, quantiles } from './promql.ts';

/** Whether what happens to tasks gets into PostgreSQL. */
export const taskHistory: readonly PanelSpec[] = [
  {
    kind: 'series',
    title: 'Events',
    description: 'What happened to tasks a second, of all queues and names.',
    unit: 'cps',
    queries: { '{{type}}': perSecond('gleaner_task_events_total', ['type']) },
  },
  {
    kind: 'series',
    title: 'Written and lost',
    description:
      'Changes of tasks written to the history a second, what it lacks, and batches that could not be written at once.',
    unit: 'cps',
    queries: {
      written: perSecond('gleaner_task_history_written_total'),
      'lost: {{reason}}': perSecond('gleaner_task_history_dropped_total', ['reason']),
      'batches that failed': perSecond('gleaner_task_history_failures_total'),
    },
    alerts: ['HistoryLosing'],
  },
  {
    kind: 'series',
    title: 'Buffered',
    description:
      'Tasks of which something is still to be written. Workers take nothing while it is half full.',
    unit: 'short',
    queries: { '{{instance}}': max(of('gleaner_task_history_buffered'), ['instance']) },
    alerts: ['HistoryLosing'],
  },
  {
    kind: 'series',
    title: 'Time of a batch',
    description: 'Seconds that a batch of the history took to be written, waits for the database included.',
    unit: 's',
    queries: quantiles('gleaner_task_history_flush_seconds'),
  },
  {
    kind: 'series',
    title: 'Repaired',
    description: 'Tasks a second whose history was not what the queues say, by what was wrong.',
    unit: 'cps',
    queries: { '{{kind}}': perSecond('gleaner_task_reconciled_total', ['kind']) },
  },
  {
    kind: 'series',
    title: 'Exports',
    description: 'Exports of tasks a second, by how they ended.',
    unit: 'cps',
    queries: { '{{outcome}}': perSecond('gleaner_task_exports_total', ['outcome']) },
  },
];
