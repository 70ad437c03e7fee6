import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Beat } from './beat.entity.js';

export interface NewestBeat extends Omit<Beat, 'id'> {
  /** Seconds since it was sent, by PostgreSQL's clock, as everything here. */
  ageSeconds: number;
}

/** What the heartbeats tell. */
@Injectable()
export class BeatReader {
  constructor(private readonly dataSource: DataSource) {}

  /** The newest heartbeat that a worker has written; `undefined` when there never was one. */
  async newest(): Promise<NewestBeat | undefined> {
    const rows: NewestBeat[] = await this.dataSource.query(
      `SELECT slot, sent_at AS "sentAt", received_at AS "receivedAt", latency_ms AS "latencyMs",
         scheduler_id AS "schedulerId", worker_id AS "workerId",
         extract(epoch FROM now() - sent_at)::float8 AS "ageSeconds" FROM beat`,
    );
    return rows[0];
  }
}
