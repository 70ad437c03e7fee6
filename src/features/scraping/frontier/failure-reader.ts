import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** A page of a run that was given up. */
export interface FailureRow {
  position: string;
  url: string;
  depth: number;
  tries: number;
  code: string;
  message: string;
}

@Injectable()
export class FailureReader {
  constructor(private readonly dataSource: DataSource) {}

  /** Up to `count` pages of a run that were given up, in the order in which they were found. */
  async list(runId: string, count: number, after = 0): Promise<FailureRow[]> {
    return this.dataSource.query(
      `SELECT position, url, depth, tries, error_code AS code, error AS message FROM run_request
       WHERE run_id = $1 AND state = 'failed' AND position > $2 ORDER BY position LIMIT $3`,
      [runId, after, count],
    );
  }
}
