import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { NotFoundError } from '../../../core/errors/index.js';
import type { Run, RunStatus } from './run.entity.js';

/** A run with the slug of its source, as the API shows it. */
export type RunRow = Omit<Run, 'sourceId' | 'fields' | 'pagesLeft' | 'activeSince'> & { source: string };

export interface RunFilter {
  source?: string | undefined;
  status?: RunStatus | undefined;
  /** Key of the last run of the page before. */
  after?: readonly [createdAt: string, id: string] | undefined;
}

const COLUMNS = `r.id, (SELECT s.slug FROM source s WHERE s.id = r.source_id) AS source, r.trigger, r.status, r.finish_reason AS "finishReason", r.attempt, r.stats,
  r.open_requests AS "openRequests", r.postponed_until AS "postponedUntil", r.postponed_reason AS "postponedReason",
  r.suspicions, r.failures, r.error, r.created_at AS "createdAt", r.started_at AS "startedAt", r.finished_at AS "finishedAt",
  r.updated_at AS "updatedAt"`;

@Injectable()
export class RunReader {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws NotFoundError */
  async get(id: string): Promise<RunRow> {
    const rows: RunRow[] = await this.dataSource.query(`SELECT ${COLUMNS} FROM run r WHERE r.id = $1`, [id]);
    if (!rows[0]) throw new NotFoundError('run', id);
    return rows[0];
  }

  /** Up to `count` runs, newest first. */
  async list({ source, status, after }: RunFilter, count: number): Promise<RunRow[]> {
    const values: unknown[] = [];
    const bind = (value: unknown): string => `$${values.push(value)}`;
    const keys: { column: string; placeholder: string }[] = [];
    if (source !== undefined) {
      const slug = 'SELECT id FROM source WHERE slug = $1';
      const found: { id: number }[] = await this.dataSource.query(slug, [source]);
      if (!found[0]) return [];
      keys.push({ column: 'r.source_id', placeholder: bind(found[0].id) });
    }
    if (status !== undefined) keys.push({ column: 'r.status', placeholder: bind(status) });
    // Ranges of one value that are part of the order: they pin the index of these very columns (as in quote lists).
    const order = [...keys.map(({ column }) => column), 'r.created_at', 'r.id'];
    const conditions = keys.map(({ column, placeholder }) => `${column} >= ${placeholder}`);
    if (after) {
      const key = [`${bind(after[0])}::timestamptz`, `${bind(after[1])}::uuid`];
      const upTo = [...keys.map(({ placeholder }) => placeholder), ...key];
      conditions.push(`(${order.join(', ')}) < (${upTo.join(', ')})`);
    } else {
      conditions.push(...keys.map(({ column, placeholder }) => `${column} <= ${placeholder}`));
    }
    return this.dataSource.query(
      `SELECT ${COLUMNS} FROM run r ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
       ORDER BY ${order.map((column) => `${column} DESC`).join(', ')} LIMIT ${bind(count)}`,
      values,
    );
  }
}
