import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bull';
import { Transactions } from '../../../core/database/index.js';
import { Timed, WorkUnits } from '../../../core/performance/index.js';
import { withDeadline } from '../../../core/deadline/index.js';
import { shownText } from '../../../core/redaction/index.js';
import { type QueueName, Queues } from '../../queues/index.js';
import { Periodic, type PeriodicWork } from '../../scheduling/index.js';
import { HistoryMetrics } from '../history.metrics.js';
import { readJobs, type StoredJob } from '../jobs/stored-job.js';
import { seqOf } from '../recording/seq.js';
import { newChange, shownFailure, shownTask, type TaskChange } from '../recording/task-change.js';
import { TaskWriter } from '../recording/task-writer.js';
import { SWEEP } from './sweep.lua.js';

/** Jobs of one round; each can have a payload of 256 KB. */
const BATCH = 100;
/** Rounds of one execution, so that it ends, and shutting down does not wait for all of a flood. */
const MAX_ROUNDS = 50;
/** A worker's connection waits for a Redis that is away for as long as it takes; this work can come again. */
const REDIS_TIMEOUT_MS = 10_000;

interface Failed {
  readonly job: StoredJob;
  readonly change: TaskChange;
}

/**
 * Takes what has failed for good from the queues into PostgreSQL, where it waits for somebody to repeat or forget it.
 *
 * 1. Bull's set of failed jobs is the truth: whoever put them there, and whether or not anybody noticed.
 * 2. Each becomes a dead letter, whose key is its id, and its history says that it failed.
 * 3. Only then it is removed from Bull. Whoever dies before that leaves it to be done again, with the same result; several
 *    who do it at once do no harm either.
 */
@Injectable()
@Periodic({ name: 'sweep-dead-letters', everyMs: 5000 })
export class DeadLetterSweeper implements PeriodicWork {
  private readonly logger = new Logger(DeadLetterSweeper.name);

  constructor(
    private readonly queues: Queues,
    private readonly transactions: Transactions,
    private readonly writer: TaskWriter,
    private readonly units: WorkUnits,
    private readonly metrics: HistoryMetrics,
  ) {}

  @Timed()
  async runOnce(): Promise<void> {
    for (const [name, queue] of this.queues.all) {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const removed = await this.units.run('batch', 'sweep-dead-letters', () => this.sweep(name, queue));
        if (removed < BATCH) break;
      }
    }
  }

  private async sweep(name: QueueName, queue: Queue): Promise<number> {
    const failedKey = queue.toKey('failed');
    const scored = await withDeadline(
      queue.client.zrange(failedKey, 0, BATCH - 1, 'WITHSCORES'),
      REDIS_TIMEOUT_MS,
    );
    if (scored.length === 0) return 0;
    const ids = scored.filter((_, index) => index % 2 === 0);
    const jobs = await withDeadline(readJobs(queue, name, ids), REDIS_TIMEOUT_MS);
    // An id without a job has nothing to tell; it is removed with the rest.
    const failed = [...jobs.values()].map(failedOf);
    const added = await this.keep(failed);
    if (added > 0) this.logger.warn({ queue: name, tasks: added }, 'tasks failed for good');
    this.metrics.deadLetters.inc({ queue: name }, added);
    const keys = [failedKey, queue.toKey('')];
    return withDeadline(
      queue.client.eval(SWEEP, keys.length, ...keys, ...scored) as Promise<number>,
      REDIS_TIMEOUT_MS,
    );
  }

  /** @returns how many were not known. */
  private async keep(failed: readonly Failed[]): Promise<number> {
    if (failed.length === 0) return 0;
    const letters = `[${failed.map(rowOf).join(',')}]`;
    const added = await this.transactions.run<unknown[]>((manager) =>
      manager.query(INSERT_LETTERS, [letters]),
    );
    await this.writer.write(failed.map(({ change }) => change));
    const ids = failed.map(({ job }) => job.id);
    await this.transactions.run((manager) => manager.query(CLOSE_ATTEMPTS, [ids]));
    return added.length;
  }
}

function failedOf(job: StoredJob): Failed {
  const change = newChange(job.id, shownTask(job.facts));
  change.state = 'failed';
  change.seq = seqOf(job.starts, 'final');
  change.starts = job.starts;
  change.attempt = job.attempts;
  change.finishedAt = job.finishedAt;
  change.failure = shownFailure(job.failure);
  return { job, change };
}

function rowOf({ job, change }: Failed): string {
  const { failure, task } = change;
  if (!failure || !task) throw new Error(`the job ${job.id} has not failed`);
  return JSON.stringify({
    task_id: job.id,
    name: shownText(job.name, 200),
    queue: job.queue,
    // As text, for it can have characters that PostgreSQL refuses once they are read.
    envelope: JSON.stringify(task.facts.envelope),
    args: task.args,
    attempts: Math.min(job.attempts, 32_767),
    options: JSON.stringify({ maxAttempts: job.maxAttempts, backoff: job.backoff }),
    error_class: failure.errorClass,
    error_code: failure.errorCode,
    error_message: failure.errorMessage,
    trace: failure.trace,
    fingerprint: failure.fingerprint,
    failed_at: job.finishedAt,
  });
}

/** One that failed again under its own id, because somebody took it up in Bull, is as it failed last. */
const INSERT_LETTERS = `
INSERT INTO dead_letter AS d (
  task_id, name, queue, envelope, args, attempts, options, error_class, error_code, error_message, trace, fingerprint,
  failed_at)
SELECT r.task_id, r.name, r.queue, r.envelope::json, r.args::jsonb, r.attempts, r.options::json, r.error_class,
  r.error_code, r.error_message, r.trace, r.fingerprint, to_timestamp(r.failed_at / 1000)
FROM json_to_recordset($1::json) AS r (
  task_id text, name text, queue text, envelope text, args text, attempts smallint, options text, error_class text,
  error_code text, error_message text, trace text, fingerprint text, failed_at float8)
ORDER BY r.task_id COLLATE "C"
ON CONFLICT (task_id) DO UPDATE SET
  attempts = excluded.attempts, error_class = excluded.error_class, error_code = excluded.error_code,
  error_message = excluded.error_message, trace = excluded.trace, fingerprint = excluded.fingerprint,
  failed_at = excluded.failed_at
WHERE d.failed_at < excluded.failed_at
RETURNING d.task_id`;

/** What stalled too often has an attempt whose worker never said how it ended. */
const CLOSE_ATTEMPTS = `
UPDATE task_attempt a SET outcome = 'lost', finished_at = t.finished_at
FROM task t
WHERE t.id = ANY($1) AND t.state = 'failed' AND a.task_id = t.id AND a.start <= t.starts AND a.outcome IS NULL`;
