import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, In } from 'typeorm';
import type { RawTask } from '../tasks/raw-task.js';
import { OutboxTask } from './outbox-task.entity.js';

/** Tasks that PostgreSQL keeps until Redis has them. */
@Injectable()
export class Outbox {
  constructor(private readonly dataSource: DataSource) {}

  /** @param manager of the transaction with which the tasks come into being. */
  async insert(tasks: readonly RawTask[], manager: EntityManager = this.dataSource.manager): Promise<void> {
    const rows = tasks.map(({ id, name, queue, envelope, maxAttempts, backoff, critical }) => ({
      id,
      name,
      queue,
      // As a text in the text: PostgreSQL would stumble over U+0000 when it takes JSON apart.
      envelope: JSON.stringify(envelope),
      options: { maxAttempts, backoff, critical },
    }));
    await manager.query(
      `INSERT INTO task_outbox (id, name, queue, envelope, options)
       SELECT id, name, queue, envelope::json, options FROM json_to_recordset($1::json)
         AS t (id text, name text, queue text, envelope text, options json) ON CONFLICT DO NOTHING`,
      [JSON.stringify(rows)],
    );
  }

  /** @returns the ids of those that were there. */
  async remove(ids: readonly string[]): Promise<string[]> {
    const { raw } = await this.dataSource
      .createQueryBuilder()
      .delete()
      .from(OutboxTask)
      .where({ id: In([...ids]) })
      .returning('id')
      .execute();
    return (raw as { id: string }[]).map(({ id }) => id);
  }

  /**
   * Locks the oldest, and passes over what another process sends just now.
   * @returns `begun`: those that a worker has had already; a command that was given up for lost has arrived.
   */
  async claim(count: number, manager: EntityManager): Promise<(RawTask & { begun: boolean })[]> {
    const rows: (OutboxTask & { begun: boolean })[] = await manager.query(
      `SELECT o.*, EXISTS (SELECT 1 FROM task t WHERE t.id = o.id AND t.starts > 0) AS begun
       FROM task_outbox o ORDER BY o.created_at LIMIT $1 FOR UPDATE OF o SKIP LOCKED`,
      [count],
    );
    return rows.map(({ id, name, queue, envelope, options, begun }) => ({
      id,
      name,
      queue,
      envelope,
      ...options,
      begun,
    }));
  }
}
