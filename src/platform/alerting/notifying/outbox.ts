import type { DataSource, EntityManager } from 'typeorm';
import type { AlertMessage } from './message.js';

/** One message for one channel. */
export interface Outgoing {
  readonly channel: string;
  readonly groupKey: string;
  readonly message: AlertMessage;
}

/** A message whose turn it is. */
export interface Due {
  readonly seq: string;
  readonly message: AlertMessage;
  /** This one included. */
  readonly attempts: number;
}

/** Until a message that somebody has taken is taken again: longer than any delivery takes. */
const LEASE_SECONDS = 120;
/** Of one channel at a time: each can take half a minute. */
const BATCH = 3;

export async function putMessages(manager: EntityManager, messages: readonly Outgoing[]): Promise<void> {
  if (messages.length === 0) return;
  await manager.query(
    `INSERT INTO alert_notification (channel, group_key, message)
     SELECT channel, "groupKey", message
     FROM json_to_recordset($1::json) AS r (channel text, "groupKey" text, message jsonb)`,
    [JSON.stringify(messages)],
  );
}

/** Takes messages of a channel: of each group the earliest only, so that "resolved" never comes before "firing". */
export async function takeMessages(dataSource: DataSource, channel: string): Promise<Due[]> {
  const [rows] = await dataSource.query<[Due[], number]>(TAKE, [channel, BATCH, LEASE_SECONDS]);
  return rows;
}

export async function markSent(dataSource: DataSource, { seq }: Due): Promise<void> {
  await dataSource.query(
    `UPDATE alert_notification SET state = 'sent', sent_at = now(), last_error = NULL WHERE seq = $1`,
    [seq],
  );
}

/** @param retryAfterSeconds `undefined`: never. */
export async function markFailed(
  dataSource: DataSource,
  { seq }: Due,
  error: string,
  retryAfterSeconds: number | undefined,
): Promise<void> {
  await dataSource.query(
    `UPDATE alert_notification SET last_error = $2, state = CASE WHEN $3::float8 IS NULL THEN 'failed' ELSE state END,
       next_attempt_at = now() + make_interval(secs => coalesce($3::float8, 0)) WHERE seq = $1`,
    [seq, error, retryAfterSeconds ?? null],
  );
}

const TAKE = `
UPDATE alert_notification n SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => $3)
WHERE seq IN (
  SELECT seq FROM alert_notification d
  WHERE state = 'pending' AND channel = $1 AND next_attempt_at <= now() AND NOT EXISTS (
    SELECT 1 FROM alert_notification e
    WHERE e.state = 'pending' AND e.channel = $1 AND e.group_key = d.group_key AND e.seq < d.seq)
  ORDER BY seq LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING seq, message, attempts`;
