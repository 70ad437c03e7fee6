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
  /** Milliseconds an attempt may take; then its signal aborts and the attempt fails. */
  readonly deadlineMs: number;
}

/** What a handler gets beside its payload. */
export interface TaskContext {
  readonly taskId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborts at the deadline, when the worker shuts down, and when another worker has taken the task over. */
  readonly signal: AbortSignal;
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
