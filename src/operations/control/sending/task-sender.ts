import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { InvalidInputError, NotFoundError } from '../../../core/errors/index.js';
import { type TaskDetail, TaskHistory } from '../../../platform/history/index.js';
import { type Enqueued, TaskCatalogue, TaskQueue } from '../../../platform/queues/index.js';
import type { SendTask } from './sending.dto.js';

const LOOK_MS = 200;

/** Enqueues any task that this release knows, by its name. */
@Injectable()
export class TaskSender {
  constructor(
    private readonly catalogue: TaskCatalogue,
    private readonly tasks: TaskQueue,
    private readonly history: TaskHistory,
  ) {}

  /** @throws InvalidInputError, TaskTooLargeError, QueueUnavailableError */
  async send({ name, payload, id, eta, expiresAt }: SendTask): Promise<Enqueued> {
    const definition = this.catalogue.get(name);
    if (!definition) {
      const known = this.catalogue.all().map((task) => task.name);
      const message = `expected one of ${known.join(', ')}, got ${JSON.stringify(name)}`;
      throw new InvalidInputError([{ field: 'name', message }]);
    }
    const options = { ...(id !== undefined && { id }), ...(eta && { eta }), ...(expiresAt && { expiresAt }) };
    return this.tasks.enqueue(definition, payload, options);
  }

  /** @returns the task once it has ended, `undefined` when that takes longer. */
  async ended(id: string, seconds: number): Promise<TaskDetail | undefined> {
    for (const until = performance.now() + seconds * 1000; performance.now() < until; await delay(LOOK_MS)) {
      const detail = await this.history.get(id).catch(ifUnheardOf);
      if (detail && detail.task.finishedAt !== null) return detail;
    }
    return undefined;
  }
}

/** The history hears of a task a moment after it was sent. */
function ifUnheardOf(error: unknown): undefined {
  if (!(error instanceof NotFoundError)) throw error;
}
