import type { Measure } from './measure.js';

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type AlertSeverity = (typeof SEVERITIES)[number];

/** How people read a value: 0.05 as 5 %, 120 as 120 s. */
export type Unit = 'ratio' | 'seconds' | 'number';

/**
 * When there is an alert, as data. Each set of labels in `by` for which the measure is beyond the threshold is an alert
 * of its own; alerts of one rule that begin together are told of together.
 */
export interface AlertRule {
  /** In the field's manner, e.g. `QueueBacklogHigh`; its runbook is `docs/runbooks/queue-backlog-high.md`. */
  readonly name: string;
  readonly severity: AlertSeverity;
  /** One sentence; `{label}` and `{value}` are filled in. */
  readonly summary: string;
  readonly measure: Measure;
  readonly by: readonly string[];
  readonly above: boolean;
  readonly threshold: number;
  readonly unit: Unit;
  /** Seconds that are looked back on, of measures that count; at most {@link MAX_WINDOW_SECONDS}. */
  readonly windowSeconds: number;
  /** Seconds that it must have been so before it is an alert. */
  readonly forSeconds: number;
  /** Seconds after telling of an alert in which it is not told of again, should it end and come back. */
  readonly coolDownSeconds: number;
  /** Whether messages name the errors that were logged most. */
  readonly isExplainedByErrors?: boolean;
}

/** As far back as processes keep what they have counted. */
export const MAX_WINDOW_SECONDS = 3600;

/** Whether a value is one that there is an alert for. */
export function isBeyond({ above, threshold }: AlertRule, value: number): boolean {
  return above ? value > threshold : value < threshold;
}

/** `QueueBacklogHigh` as `queue-backlog-high`. */
export function runbookName({ name }: Pick<AlertRule, 'name'>): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
}
