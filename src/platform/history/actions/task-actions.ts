import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { NotFoundError } from '../../../core/errors/index.js';
import { FINAL_STATES, type TaskState } from '../entities/task.entity.js';
import { type Enqueued, Revocations, type Revoked, TaskCatalogue, TaskQueue } from '../../queues/index.js';
import { WrongTaskStateError } from './action.errors.js';
import { repetitionOf, STORED_TASK, type StoredTask } from './stored-task.js';

/** What operators do to one task. */
@Injectable()
export class TaskActions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: Revocations,
    private readonly queue: TaskQueue,
    private readonly catalogue: TaskCatalogue,
  ) {}

  /**
   * Takes a task back, also one that runs.
   * @throws NotFoundError when neither a queue nor the history knows it; WrongTaskStateError when it has ended.
   */
  async revoke(id: string, terminate: boolean): Promise<Revoked> {
    const state = await this.stateOf(id);
    if (state !== undefined && isFinal(state)) throw new WrongTaskStateError(id, state, NOT_ENDED);
    const [revoked] = await this.revocations.revoke([id], terminate ? 'terminate' : 'abort');
    if (revoked?.was === 'ended') throw new WrongTaskStateError(id, 'over', NOT_ENDED);
    if (!revoked || (revoked.was === 'unknown' && state === undefined)) throw new NotFoundError('task', id);
    return revoked;
  }

  /**
   * Enqueues a task that has ended once more, as a task of its own; with `edited` by another payload.
   * @throws NotFoundError, WrongTaskStateError; what is wrong with the payload: InvalidInputError, TaskTooLargeError;
   *   QueueUnavailableError.
   */
  async retry(id: string, edited?: { payload: unknown }): Promise<Enqueued> {
    const [stored]: StoredTask[] = await this.dataSource.query(`${STORED_TASK} WHERE id = $1`, [id]);
    if (!stored) throw new NotFoundError('task', id);
    if (!isFinal(stored.state)) throw new WrongTaskStateError(id, stored.state, 'a task that has ended');
    return this.queue.enqueueRaw(repetitionOf(stored, randomUUID(), this.catalogue, edited));
  }

  private async stateOf(id: string): Promise<TaskState | undefined> {
    const rows: { state: TaskState }[] = await this.dataSource.query('SELECT state FROM task WHERE id = $1', [
      id,
    ]);
    return rows[0]?.state;
  }
}

const NOT_ENDED = 'a task that has not ended';
const isFinal = (state: TaskState): boolean => (FINAL_STATES as readonly TaskState[]).includes(state);
