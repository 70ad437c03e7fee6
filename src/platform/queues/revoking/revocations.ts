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
 * Takes tasks back. What PostgreSQL still keeps for the queues goes first; then a task is marked and looked for in one
 * moment. A worker that has it sees the mark within half a second (see `TaskWorker`), one that takes it later sees it
 * at once. The mark lasts seven days.
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
    const unsent = new Set(await this.outbox.remove(ids));
    return Promise.all(ids.map(async (id) => this.withdraw(id, how, unsent.has(id))));
  }

  private async withdraw(id: string, how: RevokeHow, unsent: boolean): Promise<Revoked> {
    const { prefix, lifetimeMs } = this.tombstones;
    const tombstone = { key: prefix + id, value: how, lifetimeMs };
    const found = await withdraw(this.queues.client, [...this.queues.all.values()], id, tombstone);
    const was = found === 'unknown' && unsent ? 'outbox' : found;
    if (was === 'waiting' || was === 'scheduled' || was === 'outbox')
      this.events.emit({ type: 'withdrawn', at: Date.now(), task: { id } });
    return { id, was };
  }
}
