import { fingerprintOf } from '../../../core/errors/index.js';
import { shownJson, shownText } from '../../../core/redaction/index.js';
import type { TaskFacts, TaskFailure } from '../../queues/index.js';
import type { AttemptOutcome } from '../entities/task-attempt.entity.js';
import type { TaskState } from '../entities/task.entity.js';

/** JSON of what a task was sent with. */
const MAX_ARGS_BYTES = 8 * 1024;
const MAX_RESULT_BYTES = 16 * 1024;
const MAX_LOG_FIELDS_BYTES = 4 * 1024;
const MAX_MESSAGE = 2000;
const MAX_TRACE = 10_000;
const MAX_NAME = 200;
/** What a change takes beside its JSON, roughly. */
const BASE_BYTES = 600;

/** A task as it came into being, ready to be stored. */
export interface ShownTask {
  readonly facts: TaskFacts;
  /** JSON for people. */
  readonly args: string;
  /** JSON of the payload, when `args` does not say all of it. */
  readonly payload: string | undefined;
  readonly bytes: number;
}

export interface ShownFailure {
  readonly errorClass: string;
  readonly errorCode: string | undefined;
  readonly errorMessage: string;
  readonly trace: string | undefined;
  readonly fingerprint: string;
}

/** What is new of one attempt. Times are milliseconds since 1970. */
export interface AttemptChange {
  readonly start: number;
  readonly attempt: number;
  readonly worker: string;
  readonly startedAt: number;
  outcome?: AttemptOutcome;
  finishedAt?: number;
  runtimeMs?: number;
  retryAt?: number;
  failure?: ShownFailure;
}

export interface LogLine {
  readonly start: number;
  readonly at: number;
  readonly message: string;
  /** JSON. */
  readonly fields: string | undefined;
}

/** What is new of one task: the latest of everything that was told of it. Times are milliseconds since 1970. */
export interface TaskChange {
  readonly id: string;
  /** Absent when only its end is known: see `OUT_OF_TURN`. */
  task?: ShownTask;
  seq: number;
  state: TaskState;
  attempt: number;
  starts: number;
  worker?: string;
  eta?: number;
  startedAt?: number;
  finishedAt?: number;
  runtimeMs?: number;
  failure?: ShownFailure;
  /** JSON. */
  result?: string;
  /** JSON. */
  progress?: string;
  readonly attempts: Map<number, AttemptChange>;
  readonly logs: LogLine[];
  /** Of `logs`. */
  logBytes: number;
}

export function shownTask(facts: TaskFacts): ShownTask {
  const { payload: sent } = facts.envelope;
  const { json: args, whole } = shownJson(sent, MAX_ARGS_BYTES);
  const payload = whole ? undefined : (JSON.stringify(sent) ?? 'null');
  return { facts, args, payload, bytes: BASE_BYTES + args.length + (payload?.length ?? 0) };
}

export const shownResult = (result: unknown): string => shownJson(result, MAX_RESULT_BYTES).json;

export function shownFailure(failure: TaskFailure): ShownFailure {
  return {
    errorClass: shownText(failure.class, MAX_NAME),
    errorCode: failure.code === undefined ? undefined : shownText(failure.code, MAX_NAME),
    errorMessage: shownText(failure.message, MAX_MESSAGE),
    trace: failure.trace === undefined ? undefined : shownText(failure.trace, MAX_TRACE),
    fingerprint: fingerprintOf(failure.class, failure.message),
  };
}

export function logLine(
  start: number,
  at: number,
  message: string,
  fields: Record<string, unknown> | undefined,
): LogLine {
  return {
    start,
    at,
    message: shownText(message, MAX_MESSAGE),
    fields: fields === undefined ? undefined : shownJson(fields, MAX_LOG_FIELDS_BYTES).json,
  };
}

/** A change that says nothing yet but that the task is there. */
export function newChange(id: string, task?: ShownTask): TaskChange {
  return {
    id,
    ...(task && { task }),
    seq: -1,
    state: 'pending',
    attempt: 0,
    starts: 0,
    attempts: new Map(),
    logs: [],
    logBytes: 0,
  };
}
