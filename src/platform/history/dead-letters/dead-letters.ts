import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Parameters } from '../../../core/database/index.js';
import { NotFoundError } from '../../../core/errors/index.js';
import { type QueueName, QUEUE_NAMES } from '../../queues/index.js';
import { DeadLetter } from '../entities/dead-letter.entity.js';
import { byIndex, conditionOf, type DeadLetterFilter } from './dead-letter-filter.js';

/** What a list tells of a dead letter; no payload, and nothing that is long. */
export type DeadLetterSummary = Omit<DeadLetter, 'envelope' | 'options' | 'trace'>;

/** What people may see of one. */
export type DeadLetterDetail = Omit<DeadLetter, 'envelope' | 'options'>;

/** Dead letters whose errors are the same but for details. */
export interface DeadLetterGroup {
  readonly fingerprint: string;
  readonly count: number;
  /** Names of their tasks, at most ten. */
  readonly names: string[];
  readonly errorClass: string;
  /** Of the latest, whose id is `exampleId`. */
  readonly errorMessage: string;
  readonly exampleId: string;
  readonly firstFailedAt: Date;
  readonly lastFailedAt: Date;
}

/** A letter's place in a list, after which the next page begins. */
export type DeadLetterKey = readonly [failedAt: Date | string, taskId: string];

/** Rows that are looked at for a page. */
export const WINDOW = 5000;
const MAX_GROUPS = 200;
/** Of each queue: whoever sees so many does not need to know whether there are more. */
export const MOST_COUNTED = 10_000;
/** Rows of one statement: few enough that it neither runs long nor locks much. */
const PURGE_BATCH = 1000;

const SUMMARY = `
d.task_id AS "taskId", d.name, d.queue, d.args, d.attempts, d.error_class AS "errorClass", d.error_code AS "errorCode",
d.error_message AS "errorMessage", d.fingerprint, d.failed_at AS "failedAt", d.replayed_at AS "replayedAt",
d.replay_id AS "replayId"`;

/** Tasks that failed for good, until somebody repeats or forgets them. */
@Injectable()
export class DeadLetters {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Up to `count` letters behind a place, the latest first. What no index helps with is looked for in a bounded number
   * of rows: fewer may come although others follow, and only a `next` that is undefined is the end.
   */
  async list(
    filter: DeadLetterFilter,
    count: number,
    after?: DeadLetterKey,
  ): Promise<{ letters: DeadLetterSummary[]; next: DeadLetterKey | undefined }> {
    const parameters = new Parameters();
    const [indexed, others] = byIndex(filter);
    const rest = after
      ? `AND (d.failed_at, d.task_id) < (${parameters.bind(after[0])}, ${parameters.bind(after[1])})`
      : '';
    // The rows come in the order of the innermost list: nothing around it changes it.
    const found: (DeadLetterSummary & { met: boolean; n: string })[] = await this.dataSource.query(
      `SELECT ${SUMMARY}, d.met, d.n FROM (
         SELECT d.*, ${conditionOf(others, parameters)} AS met, row_number() OVER () AS n FROM (
           SELECT * FROM dead_letter d WHERE ${conditionOf(indexed, parameters)} ${rest}
           ORDER BY d.failed_at DESC, d.task_id DESC LIMIT ${WINDOW}
         ) d
       ) d WHERE d.met OR d.n = ${WINDOW} LIMIT ${parameters.bind(count + 1)}`,
      parameters.values,
    );
    const met = found.filter((row) => row.met);
    const letters = met.slice(0, count).map(({ met: _, n: __, ...letter }) => letter);
    const last = met.length > count ? letters.at(-1) : found.find(({ n }) => Number(n) === WINDOW);
    return { letters, next: last && [last.failedAt, last.taskId] };
  }

  async count(filter: DeadLetterFilter): Promise<number> {
    const parameters = new Parameters();
    const [row] = await this.dataSource.query<[{ count: number }]>(
      `SELECT count(*)::int AS count FROM dead_letter d WHERE ${conditionOf(filter, parameters)}`,
      parameters.values,
    );
    return row.count;
  }

  /** How many nobody has repeated, by queue, counted up to 10,000 each: cheap, however many there are. */
  async unrepeated(): Promise<[queue: QueueName, count: number][]> {
    const rows = await this.dataSource.query<{ queue: QueueName; count: number }[]>(UNREPEATED, [
      QUEUE_NAMES,
      MOST_COUNTED,
    ]);
    return rows.map(({ queue, count }) => [queue, count]);
  }

  /** The largest first, at most 200. */
  async groups(filter: DeadLetterFilter): Promise<DeadLetterGroup[]> {
    const parameters = new Parameters();
    return this.dataSource.query(
      `WITH grouped AS (
         SELECT d.fingerprint, count(*)::int AS count, (array_agg(DISTINCT d.name))[1:10] AS names,
           min(d.failed_at) AS "firstFailedAt", max(d.failed_at) AS "lastFailedAt",
           (array_agg(d.task_id ORDER BY d.failed_at DESC, d.task_id DESC))[1] AS "exampleId"
         FROM dead_letter d WHERE ${conditionOf(filter, parameters)}
         GROUP BY d.fingerprint ORDER BY count(*) DESC, d.fingerprint LIMIT ${parameters.bind(MAX_GROUPS)}
       )
       SELECT g.*, e.error_class AS "errorClass", e.error_message AS "errorMessage"
       FROM grouped g JOIN dead_letter e ON e.task_id = g."exampleId"
       ORDER BY g.count DESC, g.fingerprint`,
      parameters.values,
    );
  }

  /** @throws NotFoundError */
  async get(taskId: string): Promise<DeadLetterDetail> {
    const [letter] = await this.dataSource.query<[DeadLetterDetail | undefined]>(
      `SELECT ${SUMMARY}, d.trace FROM dead_letter d WHERE d.task_id = $1`,
      [taskId],
    );
    if (!letter) throw new NotFoundError('dead letter', taskId);
    return letter;
  }

  /**
   * Forgets letters for good, the oldest first, in batches.
   * @param most how many at most. @param signal ends it after the batch that is in hand.
   * @returns how many it were.
   */
  async purge(
    filter: DeadLetterFilter,
    { most = Infinity, signal }: { most?: number; signal?: AbortSignal } = {},
  ): Promise<number> {
    for (let deleted = 0; ;) {
      if (deleted >= most || signal?.aborted) return deleted;
      const batch = Math.min(PURGE_BATCH, most - deleted);
      const parameters = new Parameters();
      const where = conditionOf(filter, parameters);
      const [, count] = await this.dataSource.query<[unknown, number]>(
        `DELETE FROM dead_letter WHERE task_id IN (
           SELECT d.task_id FROM dead_letter d WHERE ${where}
           ORDER BY d.failed_at, d.task_id LIMIT ${batch} FOR UPDATE)`,
        parameters.values,
      );
      deleted += count;
      if (count < batch) return deleted;
    }
  }
}

/** Entries of an index alone. */
const UNREPEATED = `
SELECT q.queue, (SELECT count(*)::int FROM (
    SELECT 1 FROM dead_letter d WHERE d.queue = q.queue AND d.replayed_at IS NULL LIMIT $2) l) AS count
FROM unnest($1::text[]) AS q (queue)`;
