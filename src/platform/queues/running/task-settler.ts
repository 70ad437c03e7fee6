import { Injectable, Logger } from '@nestjs/common';
import { costsOf, SLOW_MS } from '../../../core/performance/index.js';
import { type Settlement, settle } from '../bull/settle-job.js';
import { backoffMs } from '../tasks/backoff.js';
import { type TaskEvent, TaskEvents, type TaskFailure } from '../tasks/task-events.js';
import { TaskMetrics } from '../tasks/task-metrics.js';
import { TaskRegistry } from '../tasks/task-registry.js';
import type { Attempt } from './attempt.js';
import { failureOf, isLastFailure, type Outcome } from './outcome.js';

/** What an outcome comes to: what Redis is told, and then everybody else. */
interface Verdict {
  readonly settlement: Settlement;
  readonly event: TaskEvent;
  readonly tell: () => void;
}

/** Writes how an attempt ended: first to its queue, which may say that it is not ours any more, then to whoever watches. */
@Injectable()
export class TaskSettler {
  private readonly logger = new Logger(TaskSettler.name);

  constructor(
    private readonly registry: TaskRegistry,
    private readonly metrics: TaskMetrics,
    private readonly events: TaskEvents,
  ) {}

  /** @returns what came of it; `lost` when the task is another worker's. */
  async settle(attempt: Attempt, outcome: Outcome): Promise<TaskEvent['type']> {
    const runtimeMs = Date.now() - attempt.takenAt;
    if (outcome.type === 'lost') return this.lost(attempt, runtimeMs);
    const verdict = this.verdict(attempt, outcome, runtimeMs);
    if (!(await settle(attempt, verdict.settlement))) return this.lost(attempt, runtimeMs);
    verdict.tell();
    this.events.emit(verdict.event);
    return verdict.event.type;
  }

  private lost(attempt: Attempt, runtimeMs: number): 'lost' {
    this.logger.warn('task lost: another worker has it, and nothing is written of this attempt');
    this.events.emit({ type: 'lost', at: Date.now(), runtimeMs, ...attempt.facts });
    return 'lost';
  }

  private verdict(attempt: Attempt, outcome: Exclude<Outcome, { type: 'lost' }>, runtimeMs: number): Verdict {
    const { metrics, logger } = this;
    const name = this.registry.get(attempt.job.name)?.definition.name ?? 'unknown';
    const labels = { task: name, queue: attempt.queue };
    const seconds = runtimeMs / 1000;
    const costs = { ...costsOf(attempt.work), ...(runtimeMs > SLOW_MS && { slow: true }) };
    const common = { at: Date.now(), runtimeMs, ...attempt.facts };
    switch (outcome.type) {
      case 'succeeded':
        return {
          settlement: { to: 'completed', result: outcome.result },
          event: { type: 'succeeded', result: outcome.result, ...common },
          tell: () => {
            metrics.succeeded.inc(labels);
            metrics.runtime.observe(labels, seconds);
            logger[runtimeMs > SLOW_MS ? 'warn' : 'log']({ seconds, ...costs }, 'task succeeded');
          },
        };
      case 'failed':
        return this.failed(attempt, outcome.error, labels, runtimeMs);
      case 'revoked':
        return {
          settlement: { to: 'removed' },
          event: attempt.taken.revoked
            ? { type: 'withdrawn', at: common.at, task: common.task }
            : { type: 'revoked', ...common },
          tell: () => {
            metrics.revoked.inc(labels);
            logger.log({ seconds }, 'task revoked');
          },
        };
      case 'expired':
        return {
          settlement: { to: 'removed' },
          event: { type: 'expired', at: common.at, task: common.task },
          tell: () => {
            metrics.expired.inc(labels);
            logger.warn('task expired before it was begun');
          },
        };
      case 'postponed':
        return {
          settlement: { to: 'delayed', at: outcome.until, fields: { slot: outcome.slot } },
          event: { type: 'postponed', until: outcome.until, ...common },
          tell: () => logger.debug('task waits for its rate limit'),
        };
      case 'returned':
      default:
        return {
          settlement: { to: 'wait' },
          event: { type: 'returned', ...common },
          tell: () => logger.log({ seconds }, 'task handed back'),
        };
    }
  }

  private failed(
    attempt: Attempt,
    error: unknown,
    labels: Record<string, string>,
    runtimeMs: number,
  ): Verdict {
    const { job } = attempt;
    const failure = failureOf(error);
    const fields = fieldsOf(attempt, failure);
    const common = { at: Date.now(), runtimeMs, failure, ...attempt.facts };
    const seconds = runtimeMs / 1000;
    const told = { err: error, seconds, ...costsOf(attempt.work) };
    if (isLastFailure(job, error)) {
      return {
        settlement: { to: 'failed', fields },
        event: { type: 'failed', ...common },
        tell: () => {
          this.metrics.failed.inc(labels);
          this.metrics.runtime.observe(labels, seconds);
          this.logger.error(told, 'task failed for good');
        },
      };
    }
    const waitMs = backoffMs(attempt.number, error, backoffOf(attempt));
    const retryAt = Date.now() + waitMs;
    return {
      settlement: { to: 'delayed', at: retryAt, fields },
      event: { type: 'retry', retryAt, ...common },
      tell: () => {
        this.metrics.retried.inc(labels);
        this.metrics.runtime.observe(labels, seconds);
        const waitSeconds = waitMs / 1000;
        this.logger.warn(
          { ...told, attempts: job.opts.attempts, waitSeconds },
          'task failed; it will be tried again',
        );
      },
    };
  }
}

function fieldsOf({ number }: Attempt, failure: TaskFailure) {
  return {
    attemptsMade: number,
    failedReason: failure.message,
    stacktrace: JSON.stringify([failure.trace ?? failure.message]),
    failure: JSON.stringify(failure),
  };
}

/** As it was stored with the task; without one it is tried again at once. */
function backoffOf({ job }: Attempt): { baseMs: number; maxMs: number } {
  const { backoff } = job.opts;
  if (typeof backoff !== 'object' || !('options' in backoff)) return { baseMs: 1, maxMs: 1 };
  return backoff.options as { baseMs: number; maxMs: number };
}
