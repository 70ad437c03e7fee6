import { Injectable } from '@nestjs/common';
import { InjectMetric, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import type { Histogram } from 'prom-client';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { processId } from '../../../core/process/index.js';
import { defineTask, Task, type TaskHandler } from '../../queues/index.js';

const payload = z.object({
  slot: z.iso.datetime(),
  sentAt: z.iso.datetime(),
  schedulerId: z.string().max(300),
});

export const beatHeartbeat = defineTask({
  name: 'beat.heartbeat',
  queue: 'high',
  version: 1,
  schema: payload,
  attempts: 2,
  backoff: { baseMs: 1000, maxMs: 1000 },
  deadlineMs: 10_000,
});

/** One task a slot, whichever schedulers send it. */
export const beatTaskId = (slot: Date): string => `beat-${slot.getTime() / 1000}`;

const LATENCY = 'gleaner_beat_latency_seconds';

export const beatMetricProviders = [
  makeHistogramProvider({
    name: LATENCY,
    help: 'Seconds from sending a heartbeat until a worker has it',
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300],
  }),
];

/** Writes the heartbeat, so that its row tells: a scheduler sends, the queue carries, a worker takes, PostgreSQL keeps. */
@Injectable()
@Task(beatHeartbeat)
export class BeatTask implements TaskHandler<z.output<typeof payload>> {
  constructor(
    private readonly dataSource: DataSource,
    @InjectMetric(LATENCY) private readonly latency: Histogram,
  ) {}

  /** Beats that waited for a worker come late and in any order: an older one than the row has changes nothing. */
  async handle({ slot, sentAt, schedulerId }: z.output<typeof payload>): Promise<'written' | 'old'> {
    const rows: { latencyMs: number }[] = await this.dataSource.query(
      `INSERT INTO beat AS b (id, slot, sent_at, received_at, latency_ms, scheduler_id, worker_id)
       VALUES (1, $1, $2::timestamptz, now(),
         least(greatest(extract(epoch FROM now() - $2::timestamptz) * 1000, 0), 2147483647)::integer, $3, $4)
       ON CONFLICT (id) DO UPDATE SET slot = excluded.slot, sent_at = excluded.sent_at,
         received_at = excluded.received_at, latency_ms = excluded.latency_ms, scheduler_id = excluded.scheduler_id,
         worker_id = excluded.worker_id
       WHERE b.slot < excluded.slot RETURNING latency_ms AS "latencyMs"`,
      [slot, sentAt, schedulerId, processId],
    );
    if (!rows[0]) return 'old';
    this.latency.observe(rows[0].latencyMs / 1000);
    return 'written';
  }
}
