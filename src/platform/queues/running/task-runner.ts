import { Inject, Injectable, Logger } from '@nestjs/common';
import { WorkUnits } from '../../../core/performance/index.js';
import { correlate } from '../../../core/correlation/index.js';
import { type QueuesConfig, queuesConfig } from '../queues.config.js';
import { TaskDeadlineError, UnknownTaskError, WorkerShutdownError } from '../queues.errors.js';
import { unseal } from '../tasks/task-envelope.js';
import { type TaskEvent, TaskEvents } from '../tasks/task-events.js';
import { TaskMetrics } from '../tasks/task-metrics.js';
import { type RegisteredTask, TaskRegistry } from '../tasks/task-registry.js';
import type { Attempt } from './attempt.js';
import { correlationOf } from './correlation-of.js';
import { CurrentLimits } from './current-limits.js';
import { contextOf } from './handler-context.js';
import { IsolatedChildren } from './isolated/isolated-children.js';
import { JobLock } from './job-lock.js';
import { type Outcome, outcomeOfAbort } from './outcome.js';
import { TaskSettler } from './task-settler.js';

/** Runs one attempt of one task, from its begin until its outcome is written. */
@Injectable()
export class TaskRunner {
  private readonly logger = new Logger(TaskRunner.name);

  constructor(
    private readonly registry: TaskRegistry,
    private readonly limits: CurrentLimits,
    private readonly children: IsolatedChildren,
    private readonly settler: TaskSettler,
    private readonly metrics: TaskMetrics,
    private readonly events: TaskEvents,
    private readonly units: WorkUnits,
    @Inject(queuesConfig.token) private readonly config: QueuesConfig,
  ) {}

  /** @returns what came of it; `lost` when another worker has the task meanwhile. Does not throw. */
  async run(attempt: Attempt): Promise<TaskEvent['type']> {
    const { id, job, number, envelope } = attempt;
    return correlate(correlationOf(id, job.name, number, envelope.headers), async () => {
      try {
        const before = await this.instead(attempt);
        return await this.settler.settle(attempt, before ?? (await this.begin(attempt)));
      } catch (error) {
        // Redis could not be told: the lock runs out, and the task is found by whoever looks for such.
        this.logger.error({ err: error }, 'what became of a task could not be written');
        return 'lost';
      }
    });
  }

  /** What becomes of a task that is not begun, although its turn has come. */
  private async instead(attempt: Attempt): Promise<Outcome | undefined> {
    const { taken, job, envelope } = attempt;
    if (taken.revoked) return { type: 'revoked' };
    const { expiresAt } = envelope.headers;
    if (expiresAt !== undefined && Date.now() > expiresAt) return { type: 'expired' };
    const postponed = await this.limits.postpone(job.name, taken.hash.slot);
    return attempt.signal.aborted ? outcomeOfAbort(attempt.signal.reason) : postponed;
  }

  private async begin(attempt: Attempt): Promise<Outcome> {
    const task = this.registry.get(attempt.job.name);
    const { envelope, queue } = attempt;
    // Only declared names become label values: a queue can hold anything, and labels have to stay few.
    const labels = { task: task?.definition.name ?? 'unknown', queue };
    this.metrics.started.inc(labels);
    if (attempt.number === 1 && attempt.start === 1) {
      const due = Math.max(envelope.enqueuedAt, envelope.headers.eta ?? 0);
      this.metrics.wait.observe(labels, Math.max(0, (attempt.takenAt - due) / 1000));
    }
    try {
      if (!task) throw new UnknownTaskError(attempt.job.name);
      return await this.units.run('task', labels.task, async (unit) => {
        attempt.facts.unit = unit;
        return this.execute(task, attempt);
      });
    } catch (error) {
      return { type: 'failed', error };
    }
  }

  private async execute({ definition, handler }: RegisteredTask, attempt: Attempt): Promise<Outcome> {
    const { payload } = unseal(definition, attempt.job.data);
    const set = this.limits.time(definition.name);
    const deadlineMs = set?.softMs ?? definition.deadlineMs;
    const lock = new JobLock(attempt.taken, this.config.lockDurationMs, (error) => attempt.abort(error));
    let deadline: NodeJS.Timeout | undefined;
    const begun = (): void => {
      const late = (): void => attempt.abort(new TaskDeadlineError(definition.name, deadlineMs));
      deadline = setTimeout(late, deadlineMs);
      this.events.emit({ type: 'started', at: Date.now(), ...attempt.facts });
    };
    let result: unknown;
    let failure: { error: unknown } | undefined;
    try {
      if (definition.isolated) {
        const graceMs =
          set?.hardMs === undefined ? definition.isolated.graceMs : Math.max(0, set.hardMs - set.softMs);
        this.events.emit({ type: 'received', at: attempt.takenAt, ...attempt.facts });
        result = await this.children.run(attempt, contextOf(attempt, this.events), graceMs, begun);
      } else {
        begun();
        result = await handler.handle(payload, contextOf(attempt, this.events));
      }
    } catch (error) {
      failure = { error };
    } finally {
      clearTimeout(deadline);
      lock.release();
    }
    return verdict(attempt.signal, failure, result);
  }
}

/** Once aborted, an attempt ends for that reason, whatever its handler made of it; a shutdown lets it succeed. */
function verdict(signal: AbortSignal, failure: { error: unknown } | undefined, result: unknown): Outcome {
  const finishedInTime = !failure && signal.reason instanceof WorkerShutdownError;
  if (signal.aborted && !finishedInTime) return outcomeOfAbort(signal.reason);
  return failure ? { type: 'failed', error: failure.error } : { type: 'succeeded', result };
}
