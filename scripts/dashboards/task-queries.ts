import { inRange } from './promql.ts';

export const CHOSEN = ['queue=~"$queue"', 'task=~"$task"'];
export const RUNTIME = 'gleaner_task_runtime_seconds';
export const WAIT = 'gleaner_task_queue_wait_seconds';
/** What may become of a task, and the counter of it. */
export const OUTCOMES = {
  succeeded: 'gleaner_tasks_succeeded_total',
  failed: 'gleaner_tasks_failed_total',
  sent: 'gleaner_tasks_sent_total',
  started: 'gleaner_tasks_started_total',
  retried: 'gleaner_tasks_retried_total',
  revoked: 'gleaner_tasks_revoked_total',
  expired: 'gleaner_tasks_expired_total',
};
/** Errors of tasks that no handler has seen: what Celery calls rejected. */
export const REJECTED = 'error=~"task.unknown|task.malformed|task.unsupported_version"';

/** Of the tasks that ended in the time shown, the part that succeeded. */
export function successRate(by: readonly string[] = []): string {
  const [succeeded, failed] = [OUTCOMES.succeeded, OUTCOMES.failed].map((counter) =>
    inRange(counter, by, ...CHOSEN),
  );
  return `${succeeded} / (${succeeded} + ${failed})`;
}

/** Each outcome by `how`, such as a rate. */
export function outcomes(
  how: (counter: string, by: readonly string[], ...matchers: readonly string[]) => string,
  by: readonly string[] = [],
): Record<string, string> {
  const labels = by.map((label) => ` {{${label}}}`).join('');
  return Object.fromEntries(
    Object.entries(OUTCOMES).map(([outcome, counter]) => [outcome + labels, how(counter, by, ...CHOSEN)]),
  );
}

/** Without the labels in the legend, which are columns of their own. */
export function counts(by: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    Object.entries(OUTCOMES).map(([outcome, counter]) => [outcome, inRange(counter, by, ...CHOSEN)]),
  );
}
