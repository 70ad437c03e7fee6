import type { AttemptChange, LogLine, ShownFailure, TaskChange } from './task-change.js';

/** PostgreSQL has no time after this one with a year of four digits, nor one of a number that is none. */
const MAX_TIME = Date.UTC(9999, 11, 31);
const MAX_SMALL = 32_767;
const MAX_INTEGER = 2 ** 31 - 1;

/** A change as an element of the JSON that `UPSERT_TASKS` reads: columns by name, times in milliseconds. */
export function taskRow(change: TaskChange): string {
  const { task, failure } = change;
  if (!task) throw new Error(`the task ${change.id} cannot be written: nothing is known of it but its id`);
  const { envelope, name, queue, maxAttempts, critical } = task.facts;
  const { headers } = envelope;
  const columns = {
    id: change.id,
    name: fit(name),
    queue: fit(queue),
    state: change.state,
    seq: change.seq,
    version: small(envelope.version),
    // As text: the payload may have characters that PostgreSQL refuses once they are read.
    payload: task.payload,
    attempt: small(change.attempt),
    max_attempts: small(maxAttempts),
    starts: integer(change.starts),
    critical,
    worker: change.worker,
    ...failureColumns(failure),
    fingerprint: failure?.fingerprint,
    correlation_id: fit(headers.correlationId),
    request_id: fit(headers.requestId),
    parent_id: fit(headers.parentId),
    root_id: fit(headers.rootId),
    retry_of: fit(headers.retryOf),
    enqueued_at: time(envelope.enqueuedAt),
    eta: time(change.eta),
    expires_at: time(headers.expiresAt),
    started_at: time(change.startedAt),
    finished_at: time(change.finishedAt),
    runtime_ms: integer(change.runtimeMs),
  };
  return withJson(columns, { args: task.args, result: change.result, progress: change.progress });
}

export function attemptRow(id: string, change: AttemptChange): string {
  return JSON.stringify({
    task_id: id,
    start: integer(change.start),
    attempt: small(change.attempt),
    worker: change.worker,
    outcome: change.outcome,
    started_at: time(change.startedAt),
    finished_at: time(change.finishedAt),
    runtime_ms: integer(change.runtimeMs),
    retry_at: time(change.retryAt),
    ...failureColumns(change.failure),
    trace: change.failure?.trace,
  });
}

/** @param n its place among the lines of the batch. */
export function logRow(id: string, { start, at, message, fields }: LogLine, n: number): string {
  return withJson({ n, task_id: id, start: integer(start), at: time(at), message }, { fields });
}

function failureColumns(failure: ShownFailure | undefined) {
  return {
    error_class: failure?.errorClass,
    error_code: failure?.errorCode,
    error_message: failure?.errorMessage,
  };
}

/** Adds members that are JSON already, without reading them again. */
function withJson(columns: object, json: Readonly<Record<string, string | undefined>>): string {
  let row = JSON.stringify(columns).slice(0, -1);
  for (const [name, value] of Object.entries(json)) if (value !== undefined) row += `,"${name}":${value}`;
  return `${row}}`;
}

/** Ids and names, which come from the queue: PostgreSQL stores no U+0000 and no half of a surrogate pair. */
function fit(text: string | undefined): string | undefined {
  return text?.toWellFormed().replaceAll('\0', '\uFFFD').slice(0, 200);
}

const small = (value: number): number => bounded(value, MAX_SMALL);

function integer(value: number): number;
function integer(value: number | undefined): number | undefined;
function integer(value: number | undefined): number | undefined {
  return value === undefined ? undefined : bounded(value, MAX_INTEGER);
}

function time(ms: number): number;
function time(ms: number | undefined): number | undefined;
function time(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : bounded(ms, MAX_TIME);
}

function bounded(value: number, max: number): number {
  return Number.isNaN(value) ? 0 : Math.round(Math.min(max, Math.max(0, value)));
}
