import type { EntityManager } from 'typeorm';
import type { Alert } from '../states/alert.entity.js';
import type { AlertSilence } from './alert-silence.entity.js';

export type Silencing = Pick<AlertSilence, 'rule' | 'labels'>;

/** Those that last. */
export async function readSilences(manager: EntityManager): Promise<Silencing[]> {
  return manager.query<Silencing[]>('SELECT rule, labels FROM alert_silence WHERE ends_at > now()');
}

/** Whether one of them is about the alert. */
export function isSilenced(
  { rule, labels }: Pick<Alert, 'rule' | 'labels'>,
  silences: readonly Silencing[],
): boolean {
  return silences.some(
    (silence) =>
      (silence.rule === null || silence.rule === rule) &&
      Object.entries(silence.labels).every(([label, value]) => labels[label] === value),
  );
}
