import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { DataSource } from 'typeorm';
import { isPassing, messageOf } from '../../../core/errors/index.js';
import { Revocations, TaskCatalogue, TaskQueue } from '../../../platform/queues/index.js';
import { FINAL_STATES, repetitionOf, STORED_TASK, type StoredTask } from '../../../platform/history/index.js';
import type { BulkAction } from './bulk-operation.js';

export interface BatchOutcome {
  done: number;
  skipped: number;
  failures: { id: string; error: string }[];
}

/** What a bulk operation does to a few hundred tasks. Doing it again to the same does nothing more. */
@Injectable()
export class BulkBatch {
  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: Revocations,
    private readonly queue: TaskQueue,
    private readonly catalogue: TaskCatalogue,
  ) {}

  /** @throws what makes the whole batch fail and may pass. */
  async apply(
    { id, action, terminate }: { id: string; action: BulkAction; terminate: boolean },
    taskIds: readonly string[],
  ): Promise<BatchOutcome> {
    if (action === 'retry') return this.retry(id, taskIds);
    const revoked = await this.revocations.revoke(taskIds, terminate ? 'terminate' : 'abort');
    const skipped = revoked.filter(({ was }) => was === 'ended' || was === 'unknown').length;
    return { done: revoked.length - skipped, skipped, failures: [] };
  }

  private async retry(operationId: string, taskIds: readonly string[]): Promise<BatchOutcome> {
    const stored: StoredTask[] = await this.dataSource.query(
      `${STORED_TASK} WHERE id = ANY ($1) AND state = ANY ($2)`,
      [taskIds, FINAL_STATES],
    );
    const outcome: BatchOutcome = { done: 0, skipped: taskIds.length - stored.length, failures: [] };
    for (const task of stored) {
      try {
        const { created } = await this.queue.enqueueRaw(
          repetitionOf(task, idOf(operationId, task.id), this.catalogue),
        );
        if (created) outcome.done++;
        else outcome.skipped++;
      } catch (error) {
        if (isPassing(error)) throw error;
        outcome.failures.push({ id: task.id, error: messageOf(error).slice(0, 500) });
      }
    }
    return outcome;
  }
}

/** The same for the same task of the same operation, so that a batch that is repeated enqueues nothing twice. */
const idOf = (operationId: string, taskId: string): string =>
  `retry-${createHash('sha256').update(`${operationId}\n${taskId}`).digest('hex').slice(0, 40)}`;
