import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Transactions } from '../../../core/database/index.js';
import { ChangeLog } from '../../changes/index.js';
import type { QueueName } from '../../queues/index.js';
import { OPEN_STATES, type TaskState } from '../entities/task.entity.js';
import type { Repair } from '../history.metrics.js';
import { CHANGED, type ChangedRow, changeOfTask } from '../recording/changed-task.js';

/** Younger rows may simply be ahead of their queue, or behind it. */
const QUIET_FOR = '2 minutes';

/** A task that has not ended, as the history has it. */
export interface OpenRow {
  readonly id: string;
  readonly queue: QueueName;
  readonly state: TaskState;
  readonly seq: number;
  readonly starts: number;
}

/** What a row is to become. */
export interface RowRepair {
  readonly kind: Repair;
  readonly id: string;
  /** `seq` of the row that was compared: one that has changed since stays as it is. */
  readonly seen: number;
  readonly state: TaskState;
  readonly seq: number;
  readonly starts: number;
  /** Milliseconds since 1970. */
  readonly finishedAt?: number;
  /** JSON. */
  readonly result?: string;
  readonly errorClass?: string;
  readonly errorMessage?: string;
  readonly fingerprint?: string;
}

/** The history, as the reconciler reads and repairs it. */
@Injectable()
export class ComparedRows {
  /** Where the last look ended, for each state. */
  private readonly cursors = new Map<TaskState, readonly [enqueuedAt: Date | string, id: string]>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly log: ChangeLog,
  ) {}

  /**
   * Rows of tasks that have not ended and of which nothing was heard for two minutes; the oldest first, going on where
   * the last look ended, and beginning again after the last.
   */
  async *quiet(batch: number, perState: number): AsyncGenerator<OpenRow[]> {
    for (const state of OPEN_STATES) {
      for (let read = 0; read < perState; read += batch) {
        const [enqueuedAt, id] = this.cursors.get(state) ?? ['-infinity', ''];
        const rows: (OpenRow & { enqueuedAt: Date })[] = await this.dataSource.query(QUIET_ROWS, [
          state,
          enqueuedAt,
          id,
          batch,
          QUIET_FOR,
        ]);
        const last = rows.at(-1);
        if (last && rows.length === batch) this.cursors.set(state, [last.enqueuedAt, last.id]);
        else this.cursors.delete(state);
        if (rows.length > 0) yield rows;
        if (rows.length < batch) break;
      }
    }
  }

  /** Those of the tasks that have not ended yet, and still nothing was heard of. */
  async again(ids: readonly string[]): Promise<OpenRow[]> {
    if (ids.length === 0) return [];
    return this.dataSource.query(
      `SELECT id, queue, state, seq, starts FROM task
       WHERE id = ANY($1) AND state = ANY($2) AND updated_at < now() - $3::interval`,
      [ids, OPEN_STATES, QUIET_FOR],
    );
  }

  /** @returns how many rows were repaired, by kind. */
  async repair(repairs: readonly RowRepair[]): Promise<Map<Repair, number>> {
    if (repairs.length === 0) return new Map();
    const rows = await this.transactions.run<(ChangedRow & { kind: Repair })[]>((manager) =>
      manager.query(REPAIR, [`[${repairs.map(rowOf).join(',')}]`]),
    );
    this.log.append(rows.map(({ kind: _, ...row }) => changeOfTask(row)));
    const byKind = Map.groupBy(rows, ({ kind }) => kind);
    return new Map([...byKind].map(([kind, { length }]) => [kind, length]));
  }

  /** Those of the ids that have no row. */
  async withoutRow(ids: readonly string[]): Promise<string[]> {
    const rows: { id: string }[] = await this.dataSource.query(
      `SELECT id FROM unnest($1::text[]) AS job (id) WHERE NOT EXISTS (SELECT 1 FROM task t WHERE t.id = job.id)`,
      [ids],
    );
    return rows.map(({ id }) => id);
  }
}

function rowOf({ result, ...columns }: RowRepair): string {
  const row = JSON.stringify(columns);
  return result === undefined ? row : `${row.slice(0, -1)},"result":${result}}`;
}

const QUIET_ROWS = `
SELECT id, queue, state, seq, starts, enqueued_at AS "enqueuedAt" FROM task
WHERE state = $1 AND (enqueued_at, id) > ($2, $3) AND updated_at < now() - $5::interval
ORDER BY enqueued_at, id LIMIT $4`;

const REPAIR = `
WITH input AS (
  SELECT * FROM json_to_recordset($1::json) AS r (
    kind text, id text, seen int, state text, seq int, starts int, "finishedAt" float8, result jsonb,
    "errorClass" text, "errorMessage" text, fingerprint text)
), found AS MATERIALIZED (
  SELECT t.id FROM task t JOIN input r ON r.id = t.id AND r.seen = t.seq ORDER BY t.id FOR UPDATE OF t
), changed AS (
  UPDATE task t SET
    state = r.state, seq = r.seq, starts = greatest(t.starts, r.starts),
    finished_at = to_timestamp(r."finishedAt" / 1000), result = r.result,
    error_class = coalesce(r."errorClass", t.error_class), error_message = coalesce(r."errorMessage", t.error_message),
    fingerprint = coalesce(r.fingerprint, t.fingerprint), updated_at = now()
  FROM input r JOIN found f USING (id) WHERE t.id = r.id
  RETURNING r.kind, ${CHANGED}
), closed AS (
  UPDATE task_attempt a SET
    outcome = CASE WHEN c.kind = 'ended' AND a.start = c.starts THEN 'succeeded' ELSE 'lost' END, finished_at = now()
  FROM changed c WHERE a.task_id = c.id AND a.outcome IS NULL AND (c.kind <> 'stuck_pending' OR a.start < c.starts)
)
SELECT * FROM changed`;
