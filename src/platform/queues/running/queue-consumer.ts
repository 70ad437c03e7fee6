import { Logger } from '@nestjs/common';
import type { Queue } from 'bull';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../core/errors/index.js';
import { internalsOf } from '../bull/bull-internals.js';
import type { QueueName } from '../bull/queue-names.js';
import { settle } from '../bull/settle-job.js';
import { type TakenJob, takeJobs, takeMoved } from '../bull/take-jobs.js';
import type { SlotPool } from './slot-pool.js';

/** Seconds that Redis holds an answer back while nothing waits; below the socket time-out of 8 s. */
const BLOCK_SECONDS = 5;
/** Jobs taken by one call at most. */
const BATCH = 16;
const RETRY_MS = 1000;
const UNBLOCK_TIMEOUT_MS = 500;

interface Consumer {
  readonly name: QueueName;
  readonly queue: Queue;
  readonly pool: SlotPool<QueueName>;
  readonly lockMs: number;
  readonly tombstones: string;
  /** Begins a job, for which a slot is taken. */
  readonly begin: (taken: TakenJob) => void;
  /** Something to wait for before more are taken. */
  readonly full: () => Promise<unknown> | undefined;
}

/**
 * Takes jobs of one queue as slots become free.
 *
 * Not Bull's loops, of which each waits for a job of its own: their number cannot be changed, they know nothing of
 * other queues, and a frozen process with ten of them goes on being handed jobs by Redis. Here a slot comes first and
 * then a job, so that none is held by a worker that is busy while another is idle. While the queue is empty one
 * connection waits without a slot; what it gets then, when all slots are taken meanwhile, goes back at once.
 */
export class QueueConsumer {
  private readonly logger = new Logger(QueueConsumer.name);
  private readonly stop = new AbortController();
  private readonly ended: Promise<void>;
  private empty = false;
  private consuming = true;
  private resume: (() => void) | undefined;
  private blocked = false;
  /** Of the connection that waits, as Redis knows it. */
  private connectionId = 0;
  private contact = Date.now();

  constructor(private readonly consumer: Consumer) {
    this.ended = this.run();
  }

  get isConsuming(): boolean {
    return this.consuming;
  }

  /** When Redis last answered, or there was nothing to ask it: milliseconds since 1970. */
  get lastContact(): number {
    return this.blocked || !this.consuming ? this.contact : Date.now();
  }

  consume(consuming: boolean): void {
    if (this.consuming === consuming) return;
    this.consuming = consuming;
    const { pool, name } = this.consumer;
    if (consuming) {
      pool.open(name);
      this.resume?.();
    } else {
      pool.close(name);
      void this.unblock();
    }
  }

  async close(): Promise<void> {
    this.stop.abort();
    this.consume(false);
    this.resume?.();
    await this.unblock();
    await this.ended;
  }

  private async run(): Promise<void> {
    const { queue, name } = this.consumer;
    while (!this.stop.signal.aborted) {
      try {
        if (!this.consuming) await new Promise<void>((resolve) => (this.resume = resolve));
        await queue.isReady();
        await this.consumer.full();
        if (this.stop.signal.aborted || !this.consuming) continue;
        if (this.empty) await this.waitForOne();
        else await this.takeSome();
      } catch (error) {
        if (this.stop.signal.aborted) return;
        this.logger.warn(`queue ${name}: ${messageOf(error)}`);
        await delay(RETRY_MS, undefined, { signal: this.stop.signal }).catch(() => undefined);
      }
    }
  }

  private async takeSome(): Promise<void> {
    const { pool, name, begin } = this.consumer;
    const slots = await pool.admit(name, BATCH);
    let begun = 0;
    try {
      const taken = slots > 0 ? await this.asking(takeJobs(this.consumer, slots)) : [];
      this.empty = taken.length < slots;
      for (; begun < taken.length; begun++) begin(taken[begun] as TakenJob);
    } finally {
      for (let unused = begun; unused < slots; unused++) pool.release(name);
    }
  }

  /** Without a slot: nothing is kept from others while nothing is there. */
  private async waitForOne(): Promise<void> {
    const { queue, pool, name, begin } = this.consumer;
    const { bclient } = internalsOf(queue);
    this.connectionId = await this.asking(bclient.client('ID'));
    const id = await this.asking(
      bclient.brpoplpush(queue.toKey('wait'), queue.toKey('active'), BLOCK_SECONDS),
    );
    if (id === null) return;
    this.empty = false;
    if (!pool.tryAdmit(name)) {
      await settle({ job: { queue, id } }, { to: 'wait' });
      return;
    }
    const taken = await this.asking(takeMoved(this.consumer, id)).catch((error: unknown) => {
      pool.release(name);
      throw error;
    });
    if (taken) begin(taken);
    else pool.release(name);
  }

  private async asking<T>(answer: Promise<T>): Promise<T> {
    this.contact = Date.now();
    this.blocked = true;
    try {
      const value = await answer;
      this.contact = Date.now();
      return value;
    } finally {
      this.blocked = false;
    }
  }

  /**
   * Ends the waiting for a job. Redis is asked to, because a cut connection may have been given a job in that moment,
   * which would then be found only when its lock should long have been renewed. If it does not answer, it is cut.
   */
  private async unblock(): Promise<void> {
    if (!this.blocked) return;
    const { bclient, client } = internalsOf(this.consumer.queue);
    const until = Date.now() + UNBLOCK_TIMEOUT_MS;
    // It may not have begun to wait when it is told to stop: then Redis is told again.
    while (this.blocked && Date.now() < until) {
      const told = client.client('UNBLOCK', this.connectionId).catch(() => undefined);
      await Promise.race([told, delay(UNBLOCK_TIMEOUT_MS, undefined, { ref: false })]);
      await delay(20);
    }
    if (this.blocked && this.stop.signal.aborted) bclient.disconnect();
  }
}
