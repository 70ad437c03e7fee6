import { CHANGED } from './changed-task.js';
import { OUT_OF_TURN } from './seq.js';

const at = (column: string): string => `to_timestamp(r.${column} / 1000)`;

/**
 * Rows of tasks that are new, and what is new of the others. In the order of their ids, so that processes which write
 * the same tasks can only wait for each other in one direction. A row that knows more stays as it is, but is locked as
 * well, so that what belongs to it can be added.
 */
export const UPSERT_TASKS = `
INSERT INTO task AS t (
  id, name, queue, state, seq, version, args, payload, result, progress, attempt, max_attempts, starts, critical, worker,
  error_class, error_code, error_message, fingerprint, correlation_id, request_id, parent_id, root_id, retry_of,
  enqueued_at, eta, expires_at, started_at, finished_at, runtime_ms)
SELECT
  r.id, r.name, r.queue, r.state, r.seq, r.version, coalesce(r.args, 'null'), r.payload::json, r.result, r.progress, r.attempt,
  r.max_attempts, r.starts, r.critical, r.worker, r.error_class, r.error_code, r.error_message, r.fingerprint,
  r.correlation_id, r.request_id, r.parent_id, r.root_id, r.retry_of,
  ${at('enqueued_at')}, ${at('eta')}, ${at('expires_at')}, ${at('started_at')}, ${at('finished_at')}, r.runtime_ms
FROM json_to_recordset($1::json) AS r (
  id text, name text, queue text, state text, seq int, version smallint, args jsonb, payload text, result jsonb,
  progress jsonb, attempt smallint, max_attempts smallint, starts int, critical boolean, worker text, error_class text,
  error_code text, error_message text, fingerprint text, correlation_id text, request_id text, parent_id text,
  root_id text, retry_of text, enqueued_at float8, eta float8, expires_at float8, started_at float8,
  finished_at float8, runtime_ms int)
ORDER BY r.id COLLATE "C"
ON CONFLICT (id) DO UPDATE SET
  state = excluded.state,
  seq = excluded.seq,
  result = excluded.result,
  progress = CASE WHEN t.starts = excluded.starts THEN coalesce(excluded.progress, t.progress) ELSE excluded.progress END,
  attempt = greatest(t.attempt, excluded.attempt),
  starts = greatest(t.starts, excluded.starts),
  worker = coalesce(excluded.worker, t.worker),
  error_class = CASE WHEN excluded.state <> 'succeeded' THEN coalesce(excluded.error_class, t.error_class) END,
  error_code = CASE WHEN excluded.state <> 'succeeded' THEN
    CASE WHEN excluded.error_class IS NULL THEN t.error_code ELSE excluded.error_code END END,
  error_message = CASE WHEN excluded.state <> 'succeeded' THEN coalesce(excluded.error_message, t.error_message) END,
  fingerprint = CASE WHEN excluded.state <> 'succeeded' THEN coalesce(excluded.fingerprint, t.fingerprint) END,
  eta = coalesce(excluded.eta, t.eta),
  started_at = CASE WHEN t.starts = excluded.starts THEN coalesce(t.started_at, excluded.started_at)
    ELSE coalesce(excluded.started_at, t.started_at) END,
  finished_at = excluded.finished_at,
  runtime_ms = coalesce(excluded.runtime_ms, t.runtime_ms),
  updated_at = now()
WHERE CASE WHEN excluded.seq = ${OUT_OF_TURN} THEN t.finished_at IS NULL
  ELSE t.seq < excluded.seq OR t.seq = excluded.seq AND excluded.progress IS NOT NULL END
RETURNING ${CHANGED}`;

/** An attempt that was taken for lost may still tell how it ended. */
export const UPSERT_ATTEMPTS = `
INSERT INTO task_attempt AS a (
  task_id, start, attempt, worker, outcome, started_at, finished_at, runtime_ms, retry_at,
  error_class, error_code, error_message, trace)
SELECT
  r.task_id, r.start, r.attempt, r.worker, r.outcome, ${at('started_at')}, ${at('finished_at')}, r.runtime_ms,
  ${at('retry_at')}, r.error_class, r.error_code, r.error_message, r.trace
FROM json_to_recordset($1::json) AS r (
  task_id text, start int, attempt smallint, worker text, outcome text, started_at float8, finished_at float8,
  runtime_ms int, retry_at float8, error_class text, error_code text, error_message text, trace text)
ON CONFLICT (task_id, start) DO UPDATE SET
  outcome = excluded.outcome,
  finished_at = excluded.finished_at,
  runtime_ms = excluded.runtime_ms,
  retry_at = excluded.retry_at,
  error_class = excluded.error_class,
  error_code = excluded.error_code,
  error_message = excluded.error_message,
  trace = excluded.trace
WHERE excluded.outcome IS NOT NULL AND (a.outcome IS NULL OR a.outcome = 'lost')`;

/** A batch that was written, although its process did not hear of it, comes again: its lines must not be doubled. */
export const INSERT_LOGS = `
INSERT INTO task_log (task_id, start, at, message, fields)
SELECT r.task_id, r.start, ${at('at')}, r.message, r.fields
FROM json_to_recordset($1::json) AS r (n int, task_id text, start int, at float8, message text, fields jsonb)
WHERE NOT EXISTS (
  SELECT 1 FROM task_log l
  WHERE l.task_id = r.task_id AND l.start = r.start AND l.at = ${at('at')} AND l.message = r.message)
ORDER BY r.n`;

/** Tasks of which only the end is known. @returns those that have a row: their ids, and what has changed. */
export const WITHDRAW_TASKS = `
WITH input AS (
  SELECT * FROM json_to_recordset($1::json) AS r (id text, finished_at float8)
), found AS MATERIALIZED (
  SELECT t.id, t.finished_at IS NULL AS open, ${at('finished_at')} AS ended_at
  FROM input r JOIN task t ON t.id = r.id ORDER BY t.id FOR UPDATE OF t
), changed AS (
  UPDATE task t SET state = 'revoked', seq = ${OUT_OF_TURN}, finished_at = f.ended_at, updated_at = now()
  FROM found f WHERE t.id = f.id AND f.open
  RETURNING ${CHANGED}
)
SELECT f.id AS "foundId", c.* FROM found f LEFT JOIN changed c USING (id)`;
