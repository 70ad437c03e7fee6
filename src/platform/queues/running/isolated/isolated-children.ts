import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { type ChildProcess, fork } from 'node:child_process';
import { addCosts } from '../../../../core/performance/index.js';
import { TaskProcessError } from '../../queues.errors.js';
import type { TaskContext } from '../../tasks/task.js';
import type { Attempt } from '../attempt.js';
import type { FromChild, ToChild } from './protocol.js';
import { RemoteTaskError, remoteFailureOf } from './remote-task.error.js';

/** Tells a process that it is the child of a worker. */
export const ISOLATED_FLAG = '--isolated-tasks';
/** A process runs this many tasks: what its handlers leak goes with it. */
const TASKS_A_PROCESS = 100;
/** Idle processes that are kept, each with the application in its memory. */
const KEPT = 2;
/** Milliseconds in which a process has to be up. */
const START_TIMEOUT_MS = 60_000;

interface Child {
  readonly process: ChildProcess;
  readonly ready: Promise<void>;
  tasks: number;
}

/**
 * Runs isolated tasks, each in a process that has no other task at the same time. The processes are kept for the next
 * task, since starting one takes a second. They end when this one does, however it ends: their channel breaks.
 */
@Injectable()
export class IsolatedChildren implements BeforeApplicationShutdown {
  private readonly logger = new Logger(IsolatedChildren.name);
  private readonly idle: Child[] = [];
  private readonly all = new Set<ChildProcess>();
  private closing = false;

  beforeApplicationShutdown(): void {
    this.closing = true;
    for (const child of this.idle) child.process.disconnect();
  }

  /**
   * @param graceMs from the abort of the attempt until its process is killed.
   * @param begun is called when a process has it.
   * @returns what the handler returned.
   * @throws what it threw, as RemoteTaskError; TaskProcessError when the process died under it.
   */
  async run(attempt: Attempt, context: TaskContext, graceMs: number, begun: () => void): Promise<unknown> {
    const child = this.idle.pop() ?? this.start();
    attempt.pid = child.process.pid;
    attempt.waiting = true;
    const dying = death(child.process, attempt.job.name);
    let killing: NodeJS.Timeout | undefined;
    const kill = (): void => void child.process.kill('SIGKILL');
    const abort = (): void => {
      send(child.process, { type: 'abort', failure: remoteFailureOf(attempt.signal.reason) });
      killing = setTimeout(kill, graceMs);
    };
    attempt.onTerminate(kill);
    attempt.signal.addEventListener('abort', abort);
    if (attempt.signal.aborted) abort();
    try {
      killing = setTimeout(kill, START_TIMEOUT_MS);
      await Promise.race([child.ready, dying]);
      clearTimeout(killing);
      attempt.waiting = false;
      begun();
      return await Promise.race([this.ask(child, attempt, context), dying]);
    } finally {
      clearTimeout(killing);
      attempt.signal.removeEventListener('abort', abort);
      attempt.pid = undefined;
      attempt.onTerminate(undefined);
      this.giveBack(child);
    }
  }

  private async ask({ process }: Child, attempt: Attempt, context: TaskContext): Promise<unknown> {
    const { id, job, number, start } = attempt;
    return new Promise((resolve, reject) => {
      const hear = (message: FromChild): void => {
        if (message.type === 'progress') context.progress(message.done, message.total, message.message);
        else if (message.type === 'log') context.log(message.message, message.fields);
        else if (message.type === 'heartbeat') attempt.aliveAt = Date.now();
        else if (message.type === 'succeeded') done(message, () => resolve(message.result));
        else if (message.type === 'failed') done(message, () => reject(new RemoteTaskError(message.failure)));
      };
      const done = ({ costs }: Extract<FromChild, { costs: unknown }>, settle: () => void): void => {
        process.off('message', hear);
        if (attempt.facts.unit) addCosts(attempt.facts.unit, costs);
        settle();
      };
      process.on('message', hear);
      const maxAttempts = job.opts.attempts ?? 1;
      send(process, {
        type: 'run',
        name: job.name,
        data: job.data,
        taskId: id,
        attempt: number,
        start,
        maxAttempts,
      });
    });
  }

  private start(): Child {
    const [, script] = process.argv;
    if (script === undefined) throw new Error('there is no script to start a process with');
    const child = fork(script, [ISOLATED_FLAG], { serialization: 'json' });
    this.all.add(child);
    child.once('exit', () => this.all.delete(child));
    child.on('error', (error) => this.logger.warn({ err: error }, 'a process for isolated tasks failed'));
    const ready = new Promise<void>((resolve) => {
      const hear = (message: FromChild): void => {
        if (message.type !== 'ready') return;
        child.off('message', hear);
        resolve();
      };
      child.on('message', hear);
    });
    return { process: child, ready, tasks: 0 };
  }

  private giveBack(child: Child): void {
    const { process } = child;
    child.tasks++;
    if (!process.connected || process.exitCode !== null || process.signalCode !== null) return;
    const used = child.tasks >= TASKS_A_PROCESS || this.idle.length >= KEPT || this.closing;
    if (used) process.disconnect();
    else this.idle.push(child);
    process.once('exit', () => {
      const index = this.idle.indexOf(child);
      if (index >= 0) this.idle.splice(index, 1);
    });
  }
}

function send(child: ChildProcess, message: ToChild): void {
  // The exit of the process tells what a failed message could tell.
  if (child.connected) child.send(message, () => undefined);
}

async function death(child: ChildProcess, task: string): Promise<never> {
  return new Promise((_, reject) => {
    child.once('exit', (code, signal) =>
      reject(new TaskProcessError(task, signal ? `signal ${signal}` : `exit code ${code}`)),
    );
  });
}
