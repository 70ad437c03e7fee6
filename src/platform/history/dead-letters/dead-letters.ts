import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Parameters } from '../../../core/database/index.js';
import { NotFoundError } from '../../../core/errors/index.js';
import { DeadLetter } from '../entities/dead-letter.entity.js';
import { conditionOf, type DeadLetterFilter } from './dead-letter-filter.js';

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

/** The last letter of a page, after which the next one begins. */
export type DeadLetterKey = readonly [failedAt: Date | string, taskId: string];

const MAX_GROUPS = 200;
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

  /** The latest first. @param limit of rows; ask for one more than are shown to know whether others follow. */
  async list(filter: DeadLetterFilter, limit: number, after?: DeadLetterKey): Promise<DeadLetterSummary[]> {
    const parameters = new Parameters();
    const where = conditionOf(filter, parameters);
    const rest = after
      ? `AND (d.failed_at, d.task_id) < (${parameters.bind(after[0])}, ${parameters.bind(after[1])})`
      : '';
    return this.dataSource.query(
      `SELECT ${SUMMARY} FROM dead_letter d WHERE ${where} ${rest}
       ORDER BY d.failed_at DESC, d.task_id DESC LIMIT ${parameters.bind(limit)}`,
      parameters.values,
    );
  }

  async count(filter: DeadLetterFilter): Promise<number> {
    const parameters = new Parameters();
    const [row] = await this.dataSource.query<[{ count: number }]>(
      `SELECT count(*)::int AS count FROM dead_letter d WHERE ${conditionOf(filter, parameters)}`,
      parameters.values,
    );
    return row.count;
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

  /** Forgets letters for good, in batches. @returns how many, also when `signal` has ended it before the last. */
  async purge(filter: DeadLetterFilter, signal?: AbortSignal): Promise<number> {
    const parameters = new Parameters();
    const where = conditionOf(filter, parameters);
    const sql = `DELETE FROM dead_letter WHERE task_id IN (
      SELECT d.task_id FROM dead_letter d WHERE ${where} LIMIT ${PURGE_BATCH} FOR UPDATE)`;
    let deleted = 0;
    for (;;) {
      const [, count] = await this.dataSource.query<[unknown, number]>(sql, parameters.values);
      deleted += count;
      if (count < PURGE_BATCH || signal?.aborted) break;
    }
    return deleted;
  }
}
