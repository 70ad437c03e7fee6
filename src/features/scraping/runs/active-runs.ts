import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { RunKey } from '../frontier/frontier.js';

/** A run that workers may take part in. */
export interface ActiveRun extends RunKey {
  readonly sourceId: number;
  readonly correlationId: string | null;
}

@Injectable()
export class ActiveRuns {
  constructor(private readonly dataSource: DataSource) {}

  /** Runs that have begun and not ended, the oldest first, at most `count`. */
  async list(count: number): Promise<ActiveRun[]> {
    return this.dataSource.query(
      `SELECT id, attempt, source_id AS "sourceId", correlation_id AS "correlationId" FROM run WHERE status = 'running'
       ORDER BY created_at, id LIMIT $1`,
      [count],
    );
  }
}
