import { Injectable } from '@nestjs/common';
import type { Queue } from 'bull';
import { dropWaiting } from '../bull/drop-waiting.js';
import type { QueueName } from '../bull/queue-names.js';
import { readQueues } from '../bull/read-queues.js';
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
    const [state] = await this.read([[name, this.queues.of(name)]]);
    if (!state) throw new Error(`Redis told nothing of the queue ${name}`);
    return state;
  }

  /** Of all queues, the most urgent first, as they are in one moment. */
  async states(): Promise<QueueState[]> {
    return this.read([...this.queues.all]);
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

  private async read(queues: readonly (readonly [QueueName, Queue])[]): Promise<QueueState[]> {
    const read = await readQueues(this.queues.client, queues);
    return read.map((counts) => ({
      name: counts.name,
      paused: counts.isPaused,
      waiting: counts.waiting + counts.paused,
      active: counts.active,
      scheduled: counts.delayed,
      failed: counts.failed,
      succeeded: counts.completed,
      oldestWaitingMs: counts.oldestWaitingMs,
    }));
  }
}
