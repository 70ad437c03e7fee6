import type { Series } from '../rules/measure.js';
import { type AlertRule, isBeyond } from '../rules/rule.js';
import type { AlertRow } from './alert.entity.js';

/** What there is of an alert before it has an id. */
export interface NewAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly state: 'pending' | 'firing';
}

/** What becomes of the alerts of a rule. */
export interface Advanced {
  readonly begun: NewAlert[];
  /** Still so; some fire from now on. */
  readonly goOn: { readonly alert: AlertRow; readonly value: number; readonly fires: boolean }[];
  readonly resolved: AlertRow[];
  /** They never fired. */
  readonly forgotten: AlertRow[];
}

/**
 * The life of an alert: nothing → pending → firing → resolved, as far as one look at it leads.
 *
 * 1. The condition holds for labels that have no open alert: it begins, as pending, or firing at once when the rule does not wait.
 * 2. It holds, and has held for `forSeconds`: it fires.
 * 3. It does not hold any more: what fires is resolved, what is pending is forgotten.
 *
 * While a measure is not known nothing becomes of its alerts: that nobody can see a fire does not put it out.
 */
export function advance(
  rule: AlertRule,
  series: readonly Series[],
  open: readonly AlertRow[],
  now: Date,
): Advanced {
  const beyond = new Map(
    series.filter(({ value }) => isBeyond(rule, value)).map((one) => [labelsKey(one.labels), one]),
  );
  const known = new Set(open.map(({ labels }) => labelsKey(labels)));
  const over = open.filter(({ labels }) => !beyond.has(labelsKey(labels)));
  return {
    begun: [...beyond]
      .filter(([key]) => !known.has(key))
      .map(([, { labels, value }]) => ({
        labels,
        value,
        state: rule.forSeconds === 0 ? 'firing' : 'pending',
      })),
    goOn: open.flatMap((alert) => {
      const found = beyond.get(labelsKey(alert.labels));
      if (!found) return [];
      const isDue = now.getTime() - alert.pendingSince.getTime() >= rule.forSeconds * 1000;
      return [{ alert, value: found.value, fires: alert.state === 'firing' || isDue }];
    }),
    resolved: over.filter(({ state }) => state === 'firing'),
    forgotten: over.filter(({ state }) => state === 'pending'),
  };
}

/** Equal for the same labels, in whatever order PostgreSQL has put them. */
export function labelsKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
