import type { AlertRule } from '../rules/rule.js';
import { type Silencing, isSilenced } from '../silences/silencing.js';
import type { Alert } from './alert.entity.js';

interface Circumstances {
  readonly rule: Pick<AlertRule, 'coolDownSeconds'>;
  readonly silences: readonly Silencing[];
  /** When somebody was last told that the same had begun, before it ended. */
  readonly toldBefore: Date | null;
  readonly repeatMs: number;
  readonly now: Date;
}

/**
 * Whether people are told now that an alert fires: not while it is silenced; for the first time when it begins, or once its
 * rule has cooled down since it was told of last; and then again and again as long as it fires.
 */
export function isToBeTold(
  alert: Pick<Alert, 'rule' | 'labels' | 'toldAt'>,
  { rule, silences, toldBefore, repeatMs, now }: Circumstances,
): boolean {
  if (isSilenced(alert, silences)) return false;
  const since = (then: Date): number => now.getTime() - then.getTime();
  if (alert.toldAt) return since(alert.toldAt) >= repeatMs;
  return toldBefore === null || since(toldBefore) >= rule.coolDownSeconds * 1000;
}
