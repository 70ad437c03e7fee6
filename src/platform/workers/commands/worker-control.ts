import { Injectable } from '@nestjs/common';
import { withDeadline } from '../../../core/deadline/index.js';
import { TaskCatalogue, TaskLimits } from '../../queues/index.js';
import { LimitNotSetError, WorkersUnavailableError } from '../workers.errors.js';
import type { AnswerTo } from './answers.js';
import type { WorkerCommand } from './commands.js';
import { type CommandOutcome, type SendOptions, WorkerCommands } from './worker-commands.js';

const REDIS_TIMEOUT_MS = 2000;

export interface ControlOutcome<R> extends CommandOutcome<R> {
  /** It is a limit of a task, and holds for all workers, also those to come, whoever has answered. */
  readonly everywhere: boolean;
}

/**
 * Commands as operators give them. A limit of a task is in Redis, and whichever worker is told puts it there; where none
 * has done it, because none is online or answers, it is done here.
 */
@Injectable()
export class WorkerControl {
  constructor(
    private readonly commands: WorkerCommands,
    private readonly limits: TaskLimits,
    private readonly catalogue: TaskCatalogue,
  ) {}

  /**
   * As WorkerCommands sends them.
   * @throws what that throws; LimitNotSetError when the command is about a task that nobody knows.
   */
  async tell<C extends WorkerCommand>(
    command: C,
    options?: SendOptions,
  ): Promise<ControlOutcome<AnswerTo<C['type']>>> {
    const outcome = await this.commands.send(command, options);
    if (command.type !== 'rate-limit' && command.type !== 'time-limit')
      return { ...outcome, everywhere: false };
    if (!outcome.replies.some(({ ok }) => ok)) await this.setLimit(command);
    return { ...outcome, everywhere: true };
  }

  private async setLimit(
    command: Extract<WorkerCommand, { type: 'rate-limit' | 'time-limit' }>,
  ): Promise<void> {
    const { task } = command;
    // A limit of a misspelt name would be kept, and limit nothing.
    if (!this.catalogue.get(task)) throw new LimitNotSetError(task);
    const set =
      command.type === 'rate-limit'
        ? this.limits.setRate(task, command.rate)
        : this.limits.setTime(task, command.limits);
    await withDeadline(set, REDIS_TIMEOUT_MS).catch((error) => {
      throw new WorkersUnavailableError(error, { sent: true });
    });
  }
}
