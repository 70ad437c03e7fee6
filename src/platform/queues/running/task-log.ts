import { Injectable, Logger } from '@nestjs/common';
import { costsOf, SLOW_MS } from '../../../core/performance/index.js';
import { type TaskEvent, TaskEvents, type TaskFailure, type TaskListener } from '../tasks/task-events.js';

/**
 * The life of tasks in the log of the worker that runs them, one line for each thing that happens to one. What a
 * handler logs comes from `Task`.
 */
@Injectable()
export class TaskLog implements TaskListener {
  private readonly logger = new Logger(TaskLog.name);

  constructor(events: TaskEvents) {
    events.subscribe(this);
  }

  told(event: TaskEvent): void {
    const { logger } = this;
    switch (event.type) {
      case 'received':
        return logger.debug('task received');
      case 'started':
        return logger.log('task started');
      case 'succeeded':
        return event.runtimeMs > SLOW_MS
          ? logger.warn({ ...costOf(event), slow: true }, 'task succeeded')
          : logger.log(costOf(event), 'task succeeded');
      case 'retry':
        return logger.warn(
          {
            err: errorOf(event.failure),
            ...costOf(event),
            attempts: event.task.maxAttempts,
            waitSeconds: (event.retryAt - event.at) / 1000,
          },
          'task failed; it will be tried again',
        );
      case 'failed':
        return logger.error({ err: errorOf(event.failure), ...costOf(event) }, 'task failed for good');
      case 'revoked':
        return logger.log(costOf(event), 'task revoked');
      case 'returned':
        return logger.log(costOf(event), 'task handed back');
      case 'lost':
        return logger.warn(
          costOf(event),
          'task lost: another worker has it, and nothing is written of this attempt',
        );
      case 'postponed':
        return logger.debug('task waits for its rate limit');
      case 'expired':
        return logger.warn('task expired before it was begun');
      case 'withdrawn':
        return logger.debug({ taskId: event.task.id }, 'task withdrawn before it was begun');
      case 'sent':
      case 'progress':
      case 'log':
    }
  }
}

function costOf({ runtimeMs, unit }: Extract<TaskEvent, { runtimeMs: number }>): object {
  return { seconds: runtimeMs / 1000, ...costsOf(unit) };
}

function errorOf({ class: type, code, message, trace }: TaskFailure): object {
  return { type, code, message, stack: trace };
}
