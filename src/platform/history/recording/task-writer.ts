import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Timed } from '../../../core/performance/index.js';
import { Transactions } from '../../../core/database/index.js';
import { ChangeLog } from '../../changes/index.js';
import { type ChangedRow, changeOfTask } from './changed-task.js';
import type { TaskChange } from './task-change.js';
import { attemptRow, logRow, taskRow } from './task-rows.js';
import { INSERT_LOGS, UPSERT_ATTEMPTS, UPSERT_TASKS, WITHDRAW_TASKS } from './task-rows.sql.js';

/** Writes changes of tasks, and tells of them once they are committed. Writing one again changes nothing, so that what may have been written can be repeated. */
@Injectable()
export class TaskWriter {
  constructor(
    private readonly transactions: Transactions,
    private readonly log: ChangeLog,
  ) {}

  /**
   * @param changes at most one a task.
   * @returns the ids of tasks of which only the end is known, and which have no row that could say so.
   */
  @Timed()
  async write(changes: readonly TaskChange[]): Promise<string[]> {
    const ended = changes.filter(({ task }) => !task);
    const known = changes.filter(({ task }) => task);
    if (known.length > 0) this.tell(await this.transactions.run((manager) => upsert(manager, known)));
    if (ended.length === 0) return [];
    const { changed, missing } = await this.transactions.run((manager) => withdraw(manager, ended));
    this.tell(changed);
    return missing;
  }

  private tell(rows: readonly ChangedRow[]): void {
    this.log.append(rows.map(changeOfTask));
  }
}

async function upsert(manager: EntityManager, changes: readonly TaskChange[]): Promise<ChangedRow[]> {
  const changed: ChangedRow[] = await manager.query(UPSERT_TASKS, [listOf(changes.map(taskRow))]);
  const attempts = changes.flatMap(({ id, attempts: each }) =>
    [...each.values()].map((attempt) => attemptRow(id, attempt)),
  );
  if (attempts.length > 0) await manager.query(UPSERT_ATTEMPTS, [listOf(attempts)]);
  const lines = changes
    .flatMap(({ id, logs }) => logs.map((line) => ({ id, line })))
    .map(({ id, line }, n) => logRow(id, line, n));
  if (lines.length > 0) await manager.query(INSERT_LOGS, [listOf(lines)]);
  return changed;
}

async function withdraw(
  manager: EntityManager,
  changes: readonly TaskChange[],
): Promise<{ changed: ChangedRow[]; missing: string[] }> {
  const rows = changes.map(({ id, finishedAt }) => JSON.stringify({ id, finished_at: finishedAt }));
  const found: ({ foundId: string } & ChangedRow)[] = await manager.query(WITHDRAW_TASKS, [listOf(rows)]);
  const written = new Set(found.map(({ foundId }) => foundId));
  return {
    changed: found.filter(({ id }) => id !== null).map(({ foundId: _, ...row }) => row),
    missing: changes.filter(({ id }) => !written.has(id)).map(({ id }) => id),
  };
}

const listOf = (rows: readonly string[]): string => `[${rows.join(',')}]`;
