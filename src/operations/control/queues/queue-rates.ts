import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

const WINDOW_SECONDS = 60;
/** Rows of the index that are read: with more tasks than these a minute, the time is what they span. */
const MOST_ROWS = 20_000;

/** Tasks a second. */
export interface QueueRate {
  readonly in: number;
  readonly out: number;
}

const newest = (column: 'enqueued_at' | 'finished_at'): string => `
  SELECT queue, count(*)::float8 AS tasks, sum(count(*)) OVER () AS all_tasks, min(min(${column})) OVER () AS since
  FROM (
    SELECT queue, ${column} FROM task WHERE ${column} >= now() - interval '${WINDOW_SECONDS} seconds'
    ORDER BY ${column} DESC, id DESC LIMIT ${MOST_ROWS}
  ) latest GROUP BY queue`;

const secondsOf = (list: string): string =>
  `CASE WHEN ${list}.all_tasks < ${MOST_ROWS} THEN ${WINDOW_SECONDS}
     ELSE greatest(extract(epoch FROM now() - ${list}.since)::float8, 0.001) END`;

const RATES = `
WITH arrived AS (${newest('enqueued_at')}), ended AS (${newest('finished_at')})
SELECT queue, coalesce(arrived.tasks / ${secondsOf('arrived')}, 0) AS "in", coalesce(ended.tasks / ${secondsOf('ended')}, 0) AS "out"
FROM arrived FULL JOIN ended USING (queue)`;

/** How many tasks come to the queues and end, over the last minute, as the history has it. */
@Injectable()
export class QueueRates {
  constructor(private readonly dataSource: DataSource) {}

  async all(): Promise<ReadonlyMap<string, QueueRate>> {
    const rows: ({ queue: string } & QueueRate)[] = await this.dataSource.query(RATES);
    return new Map(
      rows.map(({ queue, in: arrived, out }) => [queue, { in: rounded(arrived), out: rounded(out) }]),
    );
  }
}

const rounded = (rate: number): number => Math.round(rate * 100) / 100;
