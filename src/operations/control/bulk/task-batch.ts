import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { DataSource } from 'typeorm';
import { Revocations, TaskCatalogue, TaskQueue } from '../../../platform/queues/index.js';
import { FINAL_STATES, repetitionOf, STORED_TASK, type StoredTask } from '../../../platform/history/index.js';
import { type BatchOutcome, oneByOne } from './bulk-work.js';

/** What a bulk operation does to a few hundred tasks. Doing it again to the same does nothing more. */
@Injectable()
export class TaskBatch {
  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: Revocations,
    private readonly queue: TaskQueue,
    private readonly catalogue: TaskCatalogue,
  ) {}

  /** @throws what makes the whole batch fail and may pass. */
  async revoke(taskIds: readonly string[], how: 'abort' | 'terminate'): Promise<BatchOutcome> {
    const revoked = await this.revocations.revoke(taskIds, how);
    const skipped = revoked.filter(({ was }) => was === 'ended' || was === 'unknown').length;
    return { done: revoked.length - skipped, skipped, failures: [], left: [] };
  }

  /** @throws what makes the whole batch fail and may pass. */
  async retry(taskIds: readonly string[], operationId: string): Promise<BatchOutcome> {
    const stored: StoredTask[] = await this.dataSource.query(
      `${STORED_TASK} WHERE id = ANY ($1) AND state = ANY ($2)`,
      [taskIds, FINAL_STATES],
    );
    const outcome = await oneByOne(stored, async (task) => {
      const again = repetitionOf(task, idOf(operationId, task.id), this.catalogue);
      return (await this.queue.enqueueRaw(again)).created;
    });
    return { ...outcome, skipped: outcome.skipped + taskIds.length - stored.length };
  }
}

/** The same for the same task of the same operation, so that a batch that is repeated enqueues nothing twice. */
const idOf = (operationId: string, taskId: string): string =>
  `retry-${createHash('sha256').update(`${operationId}\n${taskId}`).digest('hex').slice(0, 40)}`;
