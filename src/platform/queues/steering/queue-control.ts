import { Injectable } from '@nestjs/common';
import type { Queue } from 'bull';
import { dropWaiting } from '../bull/drop-waiting.js';
import type { QueueName } from '../bull/queue-names.js';
import { Queues } from '../bull/queues.js';
import { Tombstones } from '../revoking/tombstones.js';
import { TaskEvents } from '../tasks/task-events.js';

export interface QueueState {
  readonly name: QueueName;
  /** Whether no worker takes anything from it. */
  readonly paused: boolean;
  readonly waiting: number;
  readonly active: number;
  /** For their time, for a rate limit, or for their next attempt. */
  readonly scheduled: number;
  /** Failed for good, and not yet among the dead letters. */
  readonly failed: number;
  /** Of those that succeeded only the latest are kept. */
  readonly succeeded: number;
  /** Milliseconds since the task was enqueued that has waited longest; `null` when none waits. */
  readonly oldestWaitingMs: number | null;
}

/** What a queue holds, and what operators do to the whole of it. */
@Injectable()
export class QueueControl {
  constructor(
    private readonly queues: Queues,
    private readonly tombstones: Tombstones,
    private readonly events: TaskEvents,
  ) {}

  async state(name: QueueName): Promise<QueueState> {
    const queue = this.queues.of(name);
    const key = (part: string): string => queue.toKey(part);
    const answers = await queue.client
      .pipeline()
      .llen(key('wait'))
      // Where those that wait are while the queue is paused.
      .llen(key('paused'))
      .llen(key('active'))
      .zcard(key('delayed'))
      .zcard(key('failed'))
      .zcard(key('completed'))
      .exists(key('meta-paused'))
      .lindex(key('wait'), -1)
      .lindex(key('paused'), -1)
      .exec();
    const values = (answers ?? []).map(([error, value]) => {
      if (error) throw error;
      return value;
    });
    const [wait = 0, held = 0, active = 0, scheduled = 0, failed = 0, succeeded = 0, paused = 0] =
      values.map(Number);
    return {
      name,
      paused: paused === 1,
      waiting: wait + held,
      active,
      scheduled,
      failed,
      succeeded,
      oldestWaitingMs: await this.ageOf(
        queue,
        values.slice(7).filter((id) => typeof id === 'string'),
      ),
    };
  }

  /** From now on no worker takes anything from it; what runs goes on. */
  async pause(name: QueueName): Promise<void> {
    await this.queues.of(name).pause();
  }

  async resume(name: QueueName): Promise<void> {
    await this.queues.of(name).resume();
  }

  /** Revokes up to `count` tasks that wait, those that have waited longest first. @returns how many it were. */
  async drain(name: QueueName, count: number): Promise<number> {
    const ids = await dropWaiting(this.queues.of(name), count, this.tombstones);
    for (const id of ids) this.events.emit({ type: 'withdrawn', at: Date.now(), task: { id } });
    return ids.length;
  }

  private async ageOf(queue: Queue, ids: readonly string[]): Promise<number | null> {
    const times = await Promise.all(ids.map((id) => queue.client.hget(queue.toKey(id), 'timestamp')));
    const known = times.filter((time) => time !== null).map(Number);
    return known.length === 0 ? null : Math.max(0, Date.now() - Math.min(...known));
  }
}
