import { Injectable } from '@nestjs/common';
import { Queues } from '../bull/queues.js';
import { type Whereabouts, withdraw } from '../bull/withdraw-job.js';
import { Outbox } from '../enqueueing/outbox.js';
import { TaskEvents } from '../tasks/task-events.js';
import { type RevokeHow, Tombstones } from './tombstones.js';

export interface Revoked {
  readonly id: string;
  /**
   * Where the task was. What waited is gone; `active` stops within a second, if it heeds its signal; `ended` stays as
   * it is; `unknown`: no queue has it, and should it turn up it will not be begun.
   */
  readonly was: Whereabouts | 'outbox';
}

/**
 * Takes tasks back. The tombstone comes first, so that a task which a worker takes in this moment is found revoked
 * when it begins, or within half a second (see `TaskWorker`). It lasts seven days.
 */
@Injectable()
export class Revocations {
  constructor(
    private readonly tombstones: Tombstones,
    private readonly queues: Queues,
    private readonly outbox: Outbox,
    private readonly events: TaskEvents,
  ) {}

  /** @param how `terminate` kills the process of an isolated task; for others it is the same as `abort`. */
  async revoke(ids: readonly string[], how: RevokeHow = 'abort'): Promise<Revoked[]> {
    await this.tombstones.set(ids, how);
    const unsent = new Set(await this.outbox.remove(ids));
    return Promise.all(ids.map(async (id) => this.withdraw(id, unsent.has(id))));
  }

  private async withdraw(id: string, unsent: boolean): Promise<Revoked> {
    const answers = await Promise.all([...this.queues.all.values()].map((queue) => withdraw(queue, id)));
    const was = answers.find((answer) => answer !== 'unknown') ?? (unsent ? 'outbox' : 'unknown');
    if (was === 'waiting' || was === 'scheduled' || was === 'outbox')
      this.events.emit({ type: 'withdrawn', at: Date.now(), task: { id } });
    return { id, was };
  }
}
