import { Injectable } from '@nestjs/common';
import { withDeadline } from '../../../core/deadline/index.js';
import { type QueueName, Queues } from '../../queues/index.js';
import { readJobs, type StoredJob } from '../jobs/stored-job.js';

/** A worker's connection waits for a Redis that is away for as long as it takes; this work can come again. */
const REDIS_TIMEOUT_MS = 10_000;

/** Where Bull has jobs. What failed is taken from there by the sweeper. */
export const PLACES = ['wait', 'paused', 'active', 'delayed', 'completed'] as const;
export type Place = (typeof PLACES)[number];

/** The queues, as the reconciler reads them. */
@Injectable()
export class ComparedQueues {
  /** How many jobs the last look has passed, for each queue and place. */
  private readonly offsets = new Map<string, number>();

  constructor(private readonly queues: Queues) {}

  get names(): QueueName[] {
    return [...this.queues.all.keys()];
  }

  async jobs(name: QueueName, ids: readonly string[]): Promise<Map<string, StoredJob>> {
    return withDeadline(readJobs(this.queues.of(name), name, ids), REDIS_TIMEOUT_MS);
  }

  /** Ids of the jobs that a worker has, or had when it died. */
  async active(name: QueueName): Promise<Set<string>> {
    const queue = this.queues.of(name);
    return new Set(await withDeadline(queue.client.lrange(queue.toKey('active'), 0, -1), REDIS_TIMEOUT_MS));
  }

  /** Which of the jobs wait for their time. */
  async delayed(name: QueueName, ids: readonly string[]): Promise<Set<string>> {
    if (ids.length === 0) return new Set();
    const queue = this.queues.of(name);
    const pipeline = queue.client.pipeline();
    for (const id of ids) pipeline.zscore(queue.toKey('delayed'), id);
    const scores = (await withDeadline(pipeline.exec(), REDIS_TIMEOUT_MS)) ?? [];
    return new Set(ids.filter((_, index) => typeof scores[index]?.[1] === 'string'));
  }

  /**
   * Ids of jobs, the oldest first, going on where the last look ended. Jobs come and go meanwhile: one that is passed
   * over is met when the end was reached and it begins again.
   */
  async *walk(name: QueueName, place: Place, batch: number, atMost: number): AsyncGenerator<string[]> {
    const cursor = `${name}/${place}`;
    for (let read = 0; read < atMost; read += batch) {
      const offset = this.offsets.get(cursor) ?? 0;
      const ids = await withDeadline(this.range(name, place, offset, batch), REDIS_TIMEOUT_MS);
      if (ids.length === batch) this.offsets.set(cursor, offset + batch);
      else this.offsets.delete(cursor);
      if (ids.length > 0) yield ids;
      if (ids.length < batch) return;
    }
  }

  private async range(name: QueueName, place: Place, offset: number, count: number): Promise<string[]> {
    const { client, toKey } = this.clientOf(name);
    if (place === 'delayed') return client.zrange(toKey(place), offset, offset + count - 1);
    // What ended last is of interest, and the rest has been seen.
    if (place === 'completed') return client.zrevrange(toKey(place), offset, offset + count - 1);
    // Bull adds at the left and takes from the right.
    return client.lrange(toKey(place), -offset - count, -offset - 1);
  }

  private clientOf(name: QueueName) {
    const queue = this.queues.of(name);
    return { client: queue.client, toKey: (key: string): string => queue.toKey(key) };
  }
}
