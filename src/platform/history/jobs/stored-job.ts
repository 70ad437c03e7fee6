import type { Queue } from 'bull';
import { readEnvelope, type QueueName, type TaskFacts, type TaskFailure } from '../../queues/index.js';

/** Fields of a job's hash: Bull's, and `starts` and `failure`, which the worker adds. */
const FIELDS = [
  'name',
  'data',
  'opts',
  'timestamp',
  'starts',
  'attemptsMade',
  'finishedOn',
  'failedReason',
  'stacktrace',
  'returnvalue',
  'failure',
  'stalledCounter',
] as const;
/** Of starts: ten times that is still an integer of PostgreSQL. */
const MAX_COUNT = 200_000_000;
const MAX_TIME = Date.UTC(9999, 11, 31);
type Field = (typeof FIELDS)[number];

/** A job as Redis has it: any of it can be missing, or not be what this release writes. */
export class StoredJob {
  constructor(
    readonly id: string,
    readonly queue: QueueName,
    private readonly hash: Readonly<Partial<Record<Field, string>>>,
  ) {}

  get facts(): TaskFacts {
    const envelope = readEnvelope(jsonOf(this.hash.data), this.enqueuedAt);
    const { id, queue, name, maxAttempts } = this;
    return { id, name, queue, envelope, maxAttempts, critical: false };
  }

  get name(): string {
    return this.hash.name ?? '';
  }

  get maxAttempts(): number {
    const { attempts } = this.options;
    return typeof attempts === 'number' ? attempts : 1;
  }

  get backoff(): { baseMs: number; maxMs: number } {
    const { backoff } = this.options;
    const { baseMs = 1, maxMs = 1 } =
      (backoff as { options?: Record<string, unknown> } | undefined)?.options ?? {};
    return { baseMs: Number(baseMs), maxMs: Number(maxMs) };
  }

  /** Milliseconds since 1970; 0 when it has not ended. */
  get finishedAt(): number {
    return this.number('finishedOn', MAX_TIME);
  }

  get enqueuedAt(): number {
    return this.number('timestamp', MAX_TIME);
  }

  get attempts(): number {
    return this.number('attemptsMade');
  }

  /** How often it was begun, also by workers of a release that did not count that. */
  get starts(): number {
    return this.number('starts') || this.attempts;
  }

  get succeeded(): boolean {
    return this.finishedAt > 0 && this.hash.failedReason === undefined;
  }

  get result(): unknown {
    return jsonOf(this.hash.returnvalue);
  }

  /** Why it failed for good: as its worker said, or else what can be told from what Bull has kept. */
  get failure(): TaskFailure {
    const told = jsonOf(this.hash.failure);
    if (isFailure(told)) return told;
    const message = this.hash.failedReason ?? 'no reason was given';
    // Bull itself fails what has stalled too often. It then writes no trace, and nobody else was there to do it.
    if (this.number('stalledCounter') > 0 && this.hash.stacktrace === undefined) return stalled(message);
    const traces = jsonOf(this.hash.stacktrace);
    const trace: unknown = Array.isArray(traces) ? traces.at(-1) : undefined;
    return { class: 'Error', message, ...(typeof trace === 'string' && { trace }) };
  }

  private get options(): Record<string, unknown> {
    const options = jsonOf(this.hash.opts);
    return typeof options === 'object' && options !== null ? (options as Record<string, unknown>) : {};
  }

  /** A whole number that can be counted on, whatever Redis has. */
  private number(field: Field, max = MAX_COUNT): number {
    const value = Number(this.hash[field]);
    return Number.isFinite(value) ? Math.trunc(Math.min(max, Math.max(0, value))) : 0;
  }
}

/** Its workers died, or lost their locks, more often than is allowed: it may well be what kills them. */
function stalled(message: string): TaskFailure {
  return { class: 'TaskStalledError', code: 'task.stalled', message };
}

function isFailure(value: unknown): value is TaskFailure {
  if (typeof value !== 'object' || value === null) return false;
  const { class: name, message, code, trace } = value as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    typeof message === 'string' &&
    (code === undefined || typeof code === 'string') &&
    (trace === undefined || typeof trace === 'string')
  );
}

function jsonOf(text: string | undefined): unknown {
  if (text === undefined) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text; // Written by something else: shown as it is.
  }
}

/** Reads jobs in one round trip. @returns those that are there, by id. */
export async function readJobs(
  queue: Queue,
  name: QueueName,
  ids: readonly string[],
): Promise<Map<string, StoredJob>> {
  const pipeline = queue.client.pipeline();
  for (const id of ids) pipeline.hmget(queue.toKey(id), ...FIELDS);
  const answers = (await pipeline.exec()) ?? [];
  const jobs = new Map<string, StoredJob>();
  for (const [index, id] of ids.entries()) {
    const [error, values] = (answers[index] ?? [null, []]) as [Error | null, (string | null)[]];
    if (error) throw error;
    if (values.every((value) => value === null)) continue;
    const hash = Object.fromEntries(
      FIELDS.flatMap((field, at) => (typeof values[at] === 'string' ? [[field, values[at]] as const] : [])),
    );
    jobs.set(id, new StoredJob(id, name, hash));
  }
  return jobs;
}
