import type { EntityManager } from 'typeorm';
import type { AlertRow } from './alert.entity.js';

/** Alerts that are not over. */
export async function readOpen(manager: EntityManager): Promise<AlertRow[]> {
  return manager.query<AlertRow[]>(`SELECT ${ALERT_COLUMNS} FROM alert WHERE state <> 'resolved'`);
}

/** When somebody was last told of a rule's alerts that are over, by their labels. */
export async function readLastTold(
  manager: EntityManager,
  rule: string,
): Promise<Pick<AlertRow, 'labels' | 'toldAt'>[]> {
  return manager.query(
    `SELECT labels, max(told_at) AS "toldAt" FROM alert
     WHERE rule = $1 AND state = 'resolved' AND told_at > now() - interval '7 days' GROUP BY labels`,
    [rule],
  );
}

/** Writes alerts as they are now, whether or not they were known. */
export async function writeAlerts(manager: EntityManager, alerts: readonly AlertRow[]): Promise<void> {
  if (alerts.length > 0) await manager.query(WRITE, [JSON.stringify(alerts)]);
}

export async function forgetAlerts(manager: EntityManager, alerts: readonly AlertRow[]): Promise<void> {
  if (alerts.length > 0)
    await manager.query('DELETE FROM alert WHERE id = ANY($1)', [alerts.map(({ id }) => id)]);
}

export const ALERT_COLUMNS = `
id, rule, labels, severity, state, value, threshold, summary, pending_since AS "pendingSince",
firing_since AS "firingSince", resolved_at AS "resolvedAt", told_at AS "toldAt"`;

const WRITE = `
INSERT INTO alert (id, rule, labels, severity, state, value, threshold, summary, pending_since, firing_since, resolved_at,
  told_at)
SELECT id, rule, labels, severity, state, value, threshold, summary, "pendingSince", "firingSince", "resolvedAt", "toldAt"
FROM json_to_recordset($1::json) AS r (id uuid, rule text, labels jsonb, severity text, state text, value float8,
  threshold float8, summary text, "pendingSince" timestamptz, "firingSince" timestamptz, "resolvedAt" timestamptz,
  "toldAt" timestamptz)
ON CONFLICT (id) DO UPDATE SET
  severity = excluded.severity, state = excluded.state, value = excluded.value, threshold = excluded.threshold,
  summary = excluded.summary, firing_since = excluded.firing_since, resolved_at = excluded.resolved_at,
  told_at = excluded.told_at`;
