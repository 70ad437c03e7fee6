import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource, type EntityManager } from 'typeorm';
import { Parameters, Transactions } from '../../../core/database/index.js';
import { isPassing, messageOf } from '../../../core/errors/index.js';
import type { DeadLetter } from '../entities/dead-letter.entity.js';
import { type RawTask, TaskQueue } from '../../queues/index.js';
import { conditionOf, type DeadLetterFilter } from './dead-letter-filter.js';
import { replayIdOf } from './replay-id.js';

export interface ReplayOptions {
  /** Letters a second, at most. Default: 50. */
  readonly rate?: number;
  /** Ends it after the letter that is in hand. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReplayProgress) => void;
}

export interface ReplayProgress {
  /** Letters that were to be repeated when it began. */
  readonly total: number;
  /** Put on their queues again. */
  readonly replayed: number;
  /** Of no use to try, e.g. because this release knows their task with another payload. */
  readonly refused: number;
  /** The first 20 of those. */
  readonly refusals: readonly { readonly taskId: string; readonly message: string }[];
}

const DEFAULT_RATE = 50;
/** Letters that are looked for at once. */
const PAGE = 200;
const MAX_REFUSALS = 20;

type Letter = Pick<DeadLetter, 'taskId' | 'name' | 'queue' | 'envelope' | 'options'> & { critical: boolean };

/**
 * Repeats dead letters, each once, whoever asks how often.
 *
 * A letter's row is locked while its task is put on the queue, and marked in the same transaction. The id of that task
 * is made from the letter's: whoever dies before the commit leaves a letter that is not marked, and whoever repeats it
 * again finds the task on its queue or in the history, and only marks the letter.
 */
@Injectable()
export class DeadLetterReplayer {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly tasks: TaskQueue,
  ) {}

  /**
   * Repeats the letters of the filter that have not been repeated yet, the oldest first.
   * @throws QueueUnavailableError, DatabaseUnavailableError: what is not repeated by then can be later.
   */
  async replay(filter: DeadLetterFilter, options: ReplayOptions = {}): Promise<ReplayProgress> {
    const { rate = DEFAULT_RATE, signal, onProgress } = options;
    const unreplayed = { ...filter, replayed: false };
    const { total, last } = await this.extentOf(unreplayed);
    const refusals: { taskId: string; message: string }[] = [];
    const progress = { total, replayed: 0, refused: 0, refusals };
    let next = performance.now();
    for await (const taskId of this.idsOf(unreplayed, last)) {
      await until(next, signal);
      if (signal?.aborted) break;
      next = Math.max(next, performance.now() - 1000) + 1000 / rate;
      try {
        if (await this.replayOne(taskId)) progress.replayed++;
      } catch (error) {
        if (isPassing(error)) throw error;
        progress.refused++;
        if (refusals.length < MAX_REFUSALS) refusals.push({ taskId, message: messageOf(error) });
      }
      onProgress?.({ ...progress });
    }
    return progress;
  }

  /** What there is to do now: a task that is repeated and fails again is another letter, for another time. */
  private async extentOf(filter: DeadLetterFilter): Promise<{ total: number; last: Date | null }> {
    const parameters = new Parameters();
    const [extent] = await this.dataSource.query<[{ total: number; last: Date | null }]>(
      `SELECT count(*)::int AS total, max(d.failed_at) AS last FROM dead_letter d
       WHERE ${conditionOf(filter, parameters)}`,
      parameters.values,
    );
    return extent;
  }

  private async *idsOf(filter: DeadLetterFilter, last: Date | null): AsyncGenerator<string> {
    let after: Pick<DeadLetter, 'failedAt' | 'taskId'> | undefined;
    for (;;) {
      const parameters = new Parameters();
      const where = conditionOf(filter, parameters);
      const rest = after
        ? `AND (d.failed_at, d.task_id) > (${parameters.bind(after.failedAt)}, ${parameters.bind(after.taskId)})`
        : '';
      const page: Pick<DeadLetter, 'failedAt' | 'taskId'>[] = await this.dataSource.query(
        `SELECT d.task_id AS "taskId", d.failed_at AS "failedAt" FROM dead_letter d
         WHERE ${where} AND d.failed_at <= ${parameters.bind(last)} ${rest}
         ORDER BY d.failed_at, d.task_id LIMIT ${PAGE}`,
        parameters.values,
      );
      for (const { taskId } of page) yield taskId;
      after = page.at(-1);
      if (page.length < PAGE) return;
    }
  }

  /** @returns whether it was this call that did it. */
  private async replayOne(taskId: string): Promise<boolean> {
    return this.transactions.run(async (manager) => {
      const [letter] = await manager.query<[Letter | undefined]>(LOCK, [taskId]);
      if (!letter) return false;
      const task = rawTask(letter);
      if (!(await isKnown(manager, task.id))) await this.tasks.enqueueRaw(task);
      await manager.query('UPDATE dead_letter SET replayed_at = now(), replay_id = $2 WHERE task_id = $1', [
        taskId,
        task.id,
      ]);
      return true;
    });
  }
}

/** Skips one that somebody else has in hand: they repeat it. */
const LOCK = `
SELECT d.task_id AS "taskId", d.name, d.queue, d.envelope, d.options, coalesce(t.critical, false) AS critical
FROM dead_letter d LEFT JOIN task t ON t.id = d.task_id
WHERE d.task_id = $1 AND d.replayed_at IS NULL FOR UPDATE OF d SKIP LOCKED`;

async function isKnown(manager: EntityManager, taskId: string): Promise<boolean> {
  const rows: unknown[] = await manager.query('SELECT 1 FROM task WHERE id = $1', [taskId]);
  return rows.length > 0;
}

function rawTask({ taskId, name, queue, envelope, options, critical }: Letter): RawTask {
  // Its times are over, and its key was given up when it failed: those do not travel again.
  const { correlationId, requestId, parentId, rootId, retryOf } = envelope.headers;
  const cause = { correlationId, requestId, parentId, rootId };
  return {
    id: replayIdOf(taskId, retryOf),
    name,
    queue,
    envelope: { ...envelope, enqueuedAt: Date.now(), headers: { ...cause, retryOf: taskId } },
    ...options,
    critical,
  };
}

/** @param at as `performance.now()` tells it. */
async function until(at: number, signal: AbortSignal | undefined): Promise<void> {
  const ms = at - performance.now();
  if (ms > 0) await delay(ms, undefined, signal && { signal }).catch(() => undefined);
}
