import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { QueryFailedError } from 'typeorm';
import { WorkUnits } from '../../../core/performance/index.js';
import { messageOf } from '../../../core/errors/index.js';
import { type TaskEvent, TaskEvents, type TaskListener } from '../../queues/index.js';
import { HistoryMetrics } from '../history.metrics.js';
import { TaskBuffer } from './task-buffer.js';
import type { TaskChange } from './task-change.js';
import { TaskWriter } from './task-writer.js';

/** What happens to a task within this time costs one row; operators see it this much later. */
const FLUSH_EVERY_MS = 200;
/** Of one transaction: few enough that its statements are not slow ones. */
const BATCH = { tasks: 500, bytes: 4 * 1024 ** 2 };
/** Of what waits while the database is slow or away. */
const BOUNDS = { tasks: 20_000, bytes: 32 * 1024 ** 2 };
const BACKOFF = { baseMs: 250, maxMs: 5000 };
/** A process that ends waits this long for the database; what is lost then the reconciler finds. */
const LAST_FLUSH_MS = 8000;
/** How often it is looked for the row of a task that was withdrawn before another process has told that it was sent. */
const LOOKS_FOR_ROW = 10;

/**
 * Keeps what happens to tasks in PostgreSQL, beside the work and not in its way.
 *
 * Events are added up in memory, a change a task, and written in batches: 200 ms after the first, or as soon as a batch
 * is full. While the database is away nothing is lost: the same batch is tried again, events add up, and before memory
 * runs out workers take no further tasks (`full`). At the end of the process the rest is written after the worker has
 * drained (`beforeApplicationShutdown`) and the server has answered its last request, and before the pool is closed,
 * which belongs to a global module and so comes last.
 */
@Injectable()
export class TaskRecorder implements TaskListener, OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(TaskRecorder.name);
  private readonly buffer = new TaskBuffer(BOUNDS);
  private stopping = false;
  /** What the loop waits for now. */
  private waiting: { readonly until: 'event' | 'batch' | 'stop'; readonly end: () => void } | undefined;
  private room = Promise.withResolvers<void>();
  private writing: Promise<void> | undefined;
  /** Of the batch that is being written. */
  private inHand = 0;
  private readonly looks = new Map<string, number>();

  constructor(
    events: TaskEvents,
    private readonly writer: TaskWriter,
    private readonly units: WorkUnits,
    private readonly metrics: HistoryMetrics,
  ) {
    events.subscribe(this);
  }

  /** Here, where nobody's request or task is under way: what the loop asks the database is not theirs. */
  onModuleInit(): void {
    this.writing = this.keepWriting();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    this.waiting?.end();
    const late = new AbortController();
    await Promise.race([
      this.writing,
      delay(LAST_FLUSH_MS, undefined, { signal: late.signal }).catch(() => undefined),
    ]);
    late.abort();
    const lost = this.buffer.tasks + this.inHand;
    if (lost === 0) return;
    this.metrics.dropped.inc({ reason: 'shutdown' }, lost);
    this.logger.error({ tasks: lost }, 'the history lacks what the last tasks did: the database was away');
  }

  told(event: TaskEvent): void {
    const reason = this.buffer.add(event);
    if (reason) this.metrics.dropped.inc({ reason });
    if (this.waiting?.until === 'event' || (this.waiting?.until === 'batch' && this.isEnough))
      this.waiting.end();
  }

  full(): Promise<void> | undefined {
    return this.buffer.isHalfFull ? this.room.promise : undefined;
  }

  private get isEnough(): boolean {
    return this.buffer.tasks >= BATCH.tasks || this.buffer.bytes >= BATCH.bytes;
  }

  private async keepWriting(): Promise<void> {
    for (;;) {
      if (this.buffer.tasks === 0) await this.wait('event');
      if (!this.isEnough) await this.wait('batch', FLUSH_EVERY_MS);
      if (this.buffer.tasks > 0) await this.flush();
      else if (this.stopping) return;
    }
  }

  private async flush(): Promise<void> {
    const batch = this.buffer.take(BATCH);
    this.inHand = batch.length;
    this.metrics.buffered.set(this.buffer.tasks + batch.length);
    const end = this.metrics.flush.startTimer();
    await this.units.run('batch', 'task-history', () => this.writeInTheEnd(batch));
    end();
    this.inHand = 0;
    this.metrics.buffered.set(this.buffer.tasks);
    if (!this.buffer.isHalfFull) {
      this.room.resolve();
      this.room = Promise.withResolvers();
    }
  }

  /** Tries until it is written, or until the process has no more time. */
  private async writeInTheEnd(batch: readonly TaskChange[]): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        await this.write(batch);
        if (failures > 0) this.logger.log({ failures }, 'the history of tasks is written again');
        return;
      } catch (error) {
        this.metrics.failures.inc();
        // Once an outage: the database itself is watched by others.
        if (failures === 0) this.logger.warn(`the history of tasks cannot be written: ${messageOf(error)}`);
        if (this.stopping) await delay(BACKOFF.baseMs);
        else await this.wait('stop', Math.min(BACKOFF.maxMs, BACKOFF.baseMs * 2 ** failures));
      }
    }
  }

  /** Of a batch that PostgreSQL refuses for what is in it, all is written that can be. */
  private async write(batch: readonly TaskChange[]): Promise<void> {
    try {
      this.lookAgain(batch, await this.writer.write(batch));
      this.metrics.written.inc(batch.length);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const [only] = batch;
      if (batch.length === 1) {
        this.metrics.dropped.inc({ reason: 'unstorable' });
        this.logger.error({ err: error, taskId: only?.id }, 'the history of a task cannot be stored');
        return;
      }
      const half = Math.ceil(batch.length / 2);
      await this.write(batch.slice(0, half));
      await this.write(batch.slice(half));
    }
  }

  /** The end of a task can be told here before its beginning is told by another process. */
  private lookAgain(batch: readonly TaskChange[], missing: readonly string[]): void {
    const isMissing = new Set(missing);
    for (const { id, task, finishedAt } of batch) {
      const looks = this.looks.get(id) ?? 0;
      if (!isMissing.has(id) || looks >= LOOKS_FOR_ROW || this.stopping) {
        if (!task) this.looks.delete(id);
      } else {
        this.looks.set(id, looks + 1);
        this.told({ type: 'withdrawn', at: finishedAt ?? Date.now(), task: { id } });
      }
    }
  }

  /** Until that, or the time is over, or the process is to end. */
  private async wait(until: 'event' | 'batch' | 'stop', ms?: number): Promise<void> {
    if (this.stopping) return;
    await new Promise<void>((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.waiting = { until, end };
    });
    this.waiting = undefined;
  }
}

/** SQLSTATE classes of data that is refused as it is: it will not be taken later either. */
const REFUSALS = /^(22|23|54)/;

function isRefusal(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) return false;
  const { code }: { code?: string } = error.driverError;
  return REFUSALS.test(code ?? '');
}
