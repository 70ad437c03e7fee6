import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { NotFoundError } from '../../../core/errors/index.js';
import type { Run, RunStatus } from './run.entity.js';

/** A run with the slug of its source, as the API shows it. */
export type RunRow = Omit<Run, 'sourceId'> & { source: string };

export interface RunFilter {
  source?: string | undefined;
  status?: RunStatus | undefined;
  /** Key of the last run of the page before. */
  after?: readonly [createdAt: string, id: string] | undefined;
}

const COLUMNS = `r.id, s.slug AS source, r.trigger, r.status, r.finish_reason AS "finishReason", r.attempt, r.stats,
  r.failures, r.error, r.created_at AS "createdAt", r.started_at AS "startedAt", r.finished_at AS "finishedAt",
  r.updated_at AS "updatedAt"`;

@Injectable()
export class RunReader {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws NotFoundError */
  async get(id: string): Promise<RunRow> {
    const rows: RunRow[] = await this.dataSource.query(
      `SELECT ${COLUMNS} FROM run r JOIN source s ON s.id = r.source_id WHERE r.id = $1`,
      [id],
    );
    if (!rows[0]) throw new NotFoundError('run', id);
    return rows[0];
  }

  /** Up to `count` runs, newest first. */
  async list(filter: RunFilter, count: number): Promise<RunRow[]> {
    const [createdAt, id] = filter.after ?? [null, null];
    return this.dataSource.query(
      `SELECT ${COLUMNS} FROM run r JOIN source s ON s.id = r.source_id
       WHERE ($1::text IS NULL OR s.slug = $1) AND ($2::text IS NULL OR r.status = $2)
         AND ($3::timestamptz IS NULL OR (r.created_at, r.id) < ($3, $4::uuid))
       ORDER BY r.created_at DESC, r.id DESC LIMIT $5`,
      [filter.source ?? null, filter.status ?? null, createdAt, id, count],
    );
  }
}
