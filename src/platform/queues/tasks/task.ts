import { DiscoveryService } from '@nestjs/core';
import type { z } from 'zod';
import type { QueueName } from '../bull/queue-names.js';

/** What a task is: all that producer and worker have to agree on, side by side. */
export interface TaskDefinition<P = unknown> {
  /** Dotted name, as operators see it, e.g. `scrape.run`. */
  readonly name: string;
  readonly queue: QueueName;
  /** Raised when `schema` changes in a way that an older worker would misread. */
  readonly version: number;
  /** Payload: ids rather than documents. Checked when enqueueing and again before the handler. */
  readonly schema: z.ZodType<P>;
  /** How often it is tried in all, including the first time. */
  readonly attempts: number;
  /** Full jitter: before attempt n+1 it waits a random time up to min(maxMs, baseMs · 2^(n-1)). */
  readonly backoff: { readonly baseMs: number; readonly maxMs: number };
  /** Soft limit: milliseconds an attempt may take; then its signal aborts and the attempt fails. */
  readonly deadlineMs: number;
  /**
   * Runs in a child process, which is killed when it has not ended this many milliseconds after `deadlineMs`, or when
   * an operator terminates it. For handlers that can hang, block the event loop or use up the memory.
   */
  readonly isolated?: { readonly graceMs: number };
  /**
   * While a task with the same key waits or runs, enqueueing another answers the id of the first and adds nothing.
   * Once it has ended the next one is a task of its own.
   */
  readonly idempotencyKey?: (payload: P) => string;
  /** When it fails for good somebody is to be woken, not only told. */
  readonly critical?: boolean;
}

/** What a handler gets beside its payload. */
export interface TaskContext {
  readonly taskId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /**
   * Fencing token: how often the task has been begun, by whomever. Of two workers that run the same task, after one
   * was frozen past its lock, the later one has the higher number: write only where no higher one has written.
   */
  readonly start: number;
  /** Aborts at the deadline, when the task is revoked, when the worker shuts down, and when another took it over. */
  readonly signal: AbortSignal;
  /** Tells operators how far it is, e.g. `progress(30, 100, 'pages')`. Cheap: the last of a second is what is kept. */
  progress(done: number, total?: number, message?: string): void;
  /** A line of the task's own log, kept with it, and in the log of the process. 1000 lines an attempt are kept. */
  log(message: string, fields?: Record<string, unknown>): void;
  /** A sign of life of a handler that is long without progress; throws the reason when the signal has aborted. */
  heartbeat(): void;
  /** Whether the task is over when the handler now throws this error: no other attempt follows, here or elsewhere. */
  isFinal(error: unknown): boolean;
}

/** Handles one kind of task. What it returns is kept as the result and must be JSON. */
export interface TaskHandler<P = unknown> {
  handle(payload: P, context: TaskContext): Promise<unknown>;
}

/** Checks the definition's types; the value is what producers pass to `TaskQueue.enqueue` and handlers to `@Task`. */
export function defineTask<P>(definition: TaskDefinition<P>): TaskDefinition<P> {
  return definition;
}

/** Declares a provider as the handler of a task: `@Task(scrapeRun) class ScrapeRunTask implements TaskHandler<…>`. */
export const Task = DiscoveryService.createDecorator<Pick<TaskDefinition, 'name'>>();
