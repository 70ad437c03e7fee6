import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { correlate } from '../../../../core/correlation/index.js';
import { isRetryable } from '../../../../core/errors/index.js';
import { costsOf, inWorkUnit, WorkUnit } from '../../../../core/performance/index.js';
import { UnknownTaskError } from '../../queues.errors.js';
import type { TaskContext } from '../../tasks/task.js';
import { readEnvelope, unseal } from '../../tasks/task-envelope.js';
import { TaskRegistry } from '../../tasks/task-registry.js';
import { correlationOf } from '../correlation-of.js';
import type { FromChild, ToChild } from './protocol.js';
import { RemoteTaskError, remoteFailureOf } from './remote-task.error.js';

/** The other side of `IsolatedChildren`: runs in the child process, one task at a time, as its worker says. */
@Injectable()
export class IsolatedTask implements OnApplicationBootstrap {
  private controller = new AbortController();

  constructor(private readonly registry: TaskRegistry) {}

  onApplicationBootstrap(): void {
    process.on('message', (message: ToChild) => {
      if (message.type === 'abort') this.controller.abort(new RemoteTaskError(message.failure));
      else void this.run(message);
    });
    // The worker is gone, or needs this process no more; what runs here is somebody else's by now.
    process.once('disconnect', () => process.exit(0));
    tell({ type: 'ready' });
  }

  private async run(asked: Extract<ToChild, { type: 'run' }>): Promise<void> {
    this.controller = new AbortController();
    const { taskId, attempt, name } = asked;
    // Accounted for by the worker, whose unit it is a part of.
    const unit = new WorkUnit('task', name, taskId);
    try {
      const handle = async (): Promise<unknown> => {
        const task = this.registry.get(name);
        if (!task) throw new UnknownTaskError(name);
        const { payload } = unseal(task.definition, asked.data);
        return task.handler.handle(payload, this.context(asked));
      };
      const { headers } = readEnvelope(asked.data, Date.now());
      const cause = correlationOf(taskId, name, attempt, headers);
      const result = await correlate(cause, () => inWorkUnit(unit, handle));
      tell({ type: 'succeeded', result: result ?? null, costs: costsOf(unit) });
    } catch (error) {
      tell({ type: 'failed', failure: remoteFailureOf(error), costs: costsOf(unit) });
    }
  }

  private context({ taskId, attempt, start, maxAttempts }: Extract<ToChild, { type: 'run' }>): TaskContext {
    const { signal } = this.controller;
    return {
      taskId,
      attempt,
      start,
      signal,
      progress: (done, total, message) =>
        tell({
          type: 'progress',
          done,
          ...(total !== undefined && { total }),
          ...(message !== undefined && { message }),
        }),
      log: (message, fields) => tell({ type: 'log', message, ...(fields && { fields }) }),
      heartbeat: () => {
        tell({ type: 'heartbeat' });
        signal.throwIfAborted();
      },
      isFinal: (error) => !isRetryable(signal.aborted ? signal.reason : error) || attempt >= maxAttempts,
    };
  }
}

function tell(message: FromChild): void {
  process.send?.(message);
}
