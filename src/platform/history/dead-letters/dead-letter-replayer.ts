import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Parameters, Transactions } from '../../../core/database/index.js';
import { WorkUnits } from '../../../core/performance/index.js';
import { isPassing, messageOf, NotFoundError } from '../../../core/errors/index.js';
import type { DeadLetter } from '../entities/dead-letter.entity.js';
import { type RawTask, TaskQueue } from '../../queues/index.js';
import { conditionOf, type DeadLetterFilter } from './dead-letter-filter.js';
import { Pace } from './pace.js';
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

type Letter = Pick<DeadLetter, 'taskId' | 'name' | 'queue' | 'envelope' | 'options' | 'replayId'> & {
  critical: boolean;
};

type Place = Pick<DeadLetter, 'failedAt' | 'taskId'>;

/** What repeating one letter has come to. */
export interface Replayed {
  /** The task that repeats it. */
  readonly id: string;
  /** Whether it was not there before. */
  readonly created: boolean;
}

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
    private readonly units: WorkUnits,
  ) {}

  /**
   * Repeats the letters of the filter that have not been repeated yet, the oldest first.
   * @throws QueueUnavailableError, DatabaseUnavailableError: what is not repeated by then can be later.
   */
  async replay(filter: DeadLetterFilter, options: ReplayOptions = {}): Promise<ReplayProgress> {
    const { rate = DEFAULT_RATE, signal, onProgress } = options;
    const { total, pages } = await this.unreplayed(filter);
    const refusals: { taskId: string; message: string }[] = [];
    const progress = { total, replayed: 0, refused: 0, refusals };
    const pace = new Pace(rate);
    for await (const taskIds of pages)
      for (const taskId of taskIds) {
        await pace.turn(signal);
        if (signal?.aborted) return progress;
        try {
          if (await this.replayNext(taskId)) progress.replayed++;
        } catch (error) {
          if (isPassing(error)) throw error;
          progress.refused++;
          if (refusals.length < MAX_REFUSALS) refusals.push({ taskId, message: messageOf(error) });
        }
        onProgress?.({ ...progress });
      }
    return progress;
  }

  /**
   * The letters of the filter that are there now and have not been repeated, the oldest first: how many, and which.
   * @param trying what each reading is done by.
   */
  async unreplayed(
    filter: DeadLetterFilter,
    trying: <T>(work: () => Promise<T>) => Promise<T> = async (work) => work(),
  ): Promise<{ total: number; pages: AsyncGenerator<string[]> }> {
    const waiting = { ...filter, replayed: false };
    const { total, last } = await trying(() => this.extentOf(waiting));
    return { total, pages: this.pagesOf((after) => trying(() => this.pageOf(waiting, last, after))) };
  }

  /**
   * Repeats one letter of many; one that somebody else has in hand is left to them.
   * @returns whether it was this call that did it.
   * @throws what the queue refuses it with; QueueUnavailableError, DatabaseUnavailableError.
   */
  async replayNext(taskId: string): Promise<boolean> {
    return this.units.run('batch', 'replay-dead-letter', () =>
      this.transactions.run(async (manager) => {
        const [letter] = await manager.query<[Letter | undefined]>(`${LETTER} SKIP LOCKED`, [taskId]);
        if (!letter || letter.replayId !== null) return false;
        await this.repeat(letter, manager);
        return true;
      }),
    );
  }

  /**
   * Repeats this letter, unless it has been: then it tells as what. Waits for whoever has it in hand.
   * @throws NotFoundError; as `replayNext`.
   */
  async replayOne(taskId: string): Promise<Replayed> {
    return this.transactions.run(async (manager) => {
      const [letter] = await manager.query<[Letter | undefined]>(LETTER, [taskId]);
      if (!letter) throw new NotFoundError('dead letter', taskId);
      if (letter.replayId !== null) return { id: letter.replayId, created: false };
      return this.repeat(letter, manager);
    });
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

  private async *pagesOf(read: (after?: Place) => Promise<Place[]>): AsyncGenerator<string[]> {
    let page: Place[] | undefined;
    do {
      page = await read(page?.at(-1));
      if (page.length > 0) yield page.map(({ taskId }) => taskId);
    } while (page.length === PAGE);
  }

  private async pageOf(filter: DeadLetterFilter, last: Date | null, after?: Place): Promise<Place[]> {
    const parameters = new Parameters();
    const where = conditionOf(filter, parameters);
    const rest = after
      ? `AND (d.failed_at, d.task_id) > (${parameters.bind(after.failedAt)}, ${parameters.bind(after.taskId)})`
      : '';
    return this.dataSource.query(
      `SELECT d.task_id AS "taskId", d.failed_at AS "failedAt" FROM dead_letter d
       WHERE ${where} AND d.failed_at <= ${parameters.bind(last)} ${rest}
       ORDER BY d.failed_at, d.task_id LIMIT ${PAGE}`,
      parameters.values,
    );
  }

  private async repeat(letter: Letter, manager: EntityManager): Promise<Replayed> {
    const task = rawTask(letter);
    const created = !(await isKnown(manager, task.id)) && (await this.tasks.enqueueRaw(task)).created;
    await manager.query('UPDATE dead_letter SET replayed_at = now(), replay_id = $2 WHERE task_id = $1', [
      letter.taskId,
      task.id,
    ]);
    return { id: task.id, created };
  }
}

/** With its row locked. */
const LETTER = `
SELECT d.task_id AS "taskId", d.name, d.queue, d.envelope, d.options, d.replay_id AS "replayId",
  coalesce(t.critical, false) AS critical
FROM dead_letter d LEFT JOIN task t ON t.id = d.task_id WHERE d.task_id = $1 FOR UPDATE OF d`;

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
