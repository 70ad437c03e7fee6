import { format, resolveConfig } from 'prettier';
import type { MetricObject } from 'prom-client';
import { LABELS } from './metric-labels.js';

/** What others call it: celery-exporter (`celery_`), Flower (`flower_`), and LeanMQ's counts in its words. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  gleaner_tasks_sent_total: ['`celery_task_sent_total`', 'LeanMQ: messages sent'],
  gleaner_tasks_started_total: [
    '`celery_task_received_total`',
    '`celery_task_started_total`',
    'LeanMQ: messages received',
  ],
  gleaner_tasks_succeeded_total: ['`celery_task_succeeded_total`', 'LeanMQ: messages acknowledged'],
  gleaner_tasks_failed_total: ['`celery_task_failed_total`'],
  gleaner_task_failures_total: [
    '`celery_task_failed_total{exception}`',
    '`celery_task_rejected_total` (error `task.unknown`, `task.malformed`, `task.unsupported_version`)',
  ],
  gleaner_tasks_retried_total: ['`celery_task_retried_total`'],
  gleaner_tasks_revoked_total: ['`celery_task_revoked_total`'],
  gleaner_task_runtime_seconds: [
    '`celery_task_runtime`',
    '`flower_task_runtime_seconds`',
    'LeanMQ: processing seconds',
  ],
  gleaner_task_queue_wait_seconds: ['`flower_task_prefetch_time_seconds`'],
  gleaner_task_events_total: ['`flower_events_total`'],
  gleaner_workers: ['`celery_worker_up`', '`celery_active_worker_count`', '`flower_worker_online`'],
  gleaner_worker_tasks: [
    '`celery_worker_tasks_active`',
    '`flower_worker_number_of_currently_executing_tasks`',
    '`flower_worker_prefetched_tasks` (state `reserved`)',
  ],
  gleaner_worker_concurrency: ['`celery_active_process_count`'],
  gleaner_queue_tasks: ['`celery_queue_length`', 'LeanMQ: messages pending (state `active`)'],
  gleaner_queue_consumers: ['`celery_active_consumer_count`'],
  gleaner_dead_letters_total: ['LeanMQ: messages moved to the dead-letter queue'],
};

/** prom-client has no type for what a metric remembers of its labels. */
export type RegisteredMetric = MetricObject & { readonly labelNames?: readonly string[] };

const BEGIN = '<!-- Written by test/e2e/metrics-document.e2e-spec.ts, from here on. -->';

/** The document with the tables of these metrics and of their labels. */
export async function withTable(document: string, metrics: readonly RegisteredMetric[]): Promise<string> {
  const ours = metrics.filter(({ name }) => name.startsWith('gleaner_'));
  const missing = Object.keys(ELSEWHERE).filter((name) => ours.every((metric) => metric.name !== name));
  if (missing.length > 0) throw new Error(`there are no metrics ${missing.join(', ')}`);
  const rows = ours
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, labelNames = [], help }) =>
      [
        `\`${name}\``,
        String(type),
        labelNames.map((label) => `\`${label}\``).join(', '),
        help.replaceAll('|', '\\|'),
        (ELSEWHERE[name] ?? []).join(', '),
      ].join(' | '),
    );
  const labels = Object.entries(LABELS).map(
    ([label, { values, most }]) => `\`${label}\` | ${values} | ${most}`,
  );
  const bounds = ['Label | Its values | Most of them', '---|---|--:', ...labels];
  const table = ['Metric | Type | Labels | What it tells | Elsewhere', '---|---|---|---|---', ...rows];
  const text = `${document.slice(0, document.indexOf(BEGIN))}${BEGIN}\n\n${tableOf(table)}\n## Labels\n\n${tableOf(bounds)}`;
  return format(text, { ...(await resolveConfig('docs/metrics.md')), parser: 'markdown' });
}

const tableOf = (rows: readonly string[]): string => rows.map((row) => `| ${row} |\n`).join('');
