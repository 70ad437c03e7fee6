import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Repository } from 'typeorm';
import { WorkUnits } from '../../../core/performance/index.js';
import { isPassing, messageOf } from '../../../core/errors/index.js';
import { auditDetail, AuditEntry } from '../../../platform/auth/index.js';
import { type ControlConfig, controlConfig } from '../control.config.js';
import { type BulkOperation, MAX_FAILURES_TOLD } from './bulk-operation.js';
import { BulkProgress } from './bulk-progress.js';
import type { BulkWork, Trying } from './bulk-work.js';
import { TooManyBulkOperationsError } from './bulk.errors.js';

const MOST_AT_ONCE = 2;
const ALIVE_EVERY_MS = 5000;
/** A batch that fails in passing is tried as often, each time after this. */
const ATTEMPTS = 30;
const PAUSE_MS = 1000;

interface Author {
  readonly keyId: string;
  readonly requestId: string;
}

/**
 * Operations on many things: counted, begun, and then done in the background, a few hundred at a time, whether or
 * not anybody waits for it. How far it is stands in Redis after each batch; how it ended, in the audit. It is not taken
 * up by another process when this one ends: it says so, and what is left is left to whoever asked for it.
 */
@Injectable()
export class BulkOperations implements BeforeApplicationShutdown {
  private readonly logger = new Logger(BulkOperations.name);
  private readonly running = new Set<Promise<void>>();
  private atWork = 0;
  private readonly stopping = new AbortController();

  constructor(
    private readonly progress: BulkProgress,
    private readonly units: WorkUnits,
    @InjectRepository(AuditEntry) private readonly audit: Repository<AuditEntry>,
    @Inject(controlConfig.token) private readonly config: ControlConfig,
  ) {}

  /**
   * Begins an operation. @returns how it stands, with its id.
   * @throws TooManyBulkOperationsError; what Redis and the database throw, and then nothing was begun.
   */
  async begin(work: BulkWork, author: Author): Promise<BulkOperation> {
    if (this.atWork >= MOST_AT_ONCE || this.stopping.signal.aborted)
      throw new TooManyBulkOperationsError(MOST_AT_ONCE);
    // From here on: many may ask while the first is counted.
    this.atWork++;
    try {
      const operation = await this.newOperation(work, author);
      const begun = structuredClone(operation);
      const running = this.run(work, operation, author).finally(() => this.running.delete(running));
      this.running.add(running);
      return begun;
    } catch (error) {
      this.atWork--;
      throw error;
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }

  private async newOperation(work: BulkWork, { keyId }: Author): Promise<BulkOperation> {
    const { count, atLeast } = await work.count();
    const operation: BulkOperation = {
      id: randomUUID(),
      action: work.action,
      query: work.query,
      keyId,
      startedAt: new Date().toISOString(),
      finishedAt: null,
      state: 'running',
      total: count,
      atLeast,
      done: 0,
      skipped: 0,
      failed: 0,
      failures: [],
      limited: false,
      error: null,
    };
    await this.progress.save(operation);
    return operation;
  }

  private async run(work: BulkWork, operation: BulkOperation, author: Author): Promise<void> {
    // A batch may wait for Redis for longer than a process is believed to be alive.
    const alive = setInterval(
      () => void this.progress.stillAlive(operation.id).catch(() => undefined),
      ALIVE_EVERY_MS,
    );
    try {
      for await (const ids of this.batchesOf(work, operation)) {
        await this.apply(work, operation, ids);
        await this.save(operation);
      }
      operation.state = this.stopping.signal.aborted ? 'interrupted' : 'done';
    } catch (error) {
      operation.state = this.stopping.signal.aborted ? 'interrupted' : 'failed';
      operation.error = messageOf(error).slice(0, 500);
      this.logger.error({ err: error, operation: operation.id }, 'a bulk operation was given up');
    } finally {
      clearInterval(alive);
      // Before anybody can read that it has ended, and begin another.
      this.atWork--;
    }
    operation.finishedAt = new Date().toISOString();
    await this.save(operation);
    await this.tell(operation, author);
  }

  private async *batchesOf(work: BulkWork, operation: BulkOperation): AsyncGenerator<readonly string[]> {
    let seen = 0;
    for await (const ids of work.batches(this.trying)) {
      if (this.stopping.signal.aborted) return;
      const room = this.config.bulkMaxTasks - seen;
      operation.limited = ids.length > room;
      if (room > 0) yield ids.slice(0, room);
      if (operation.limited) return;
      seen += ids.length;
    }
  }

  private async apply(work: BulkWork, operation: BulkOperation, ids: readonly string[]): Promise<void> {
    const { signal } = this.stopping;
    for (let left = ids; left.length > 0;) {
      const outcome = await this.trying(() => work.apply(left, operation.id, signal));
      operation.done += outcome.done;
      operation.skipped += outcome.skipped;
      operation.failed += outcome.failures.length;
      operation.failures.push(...outcome.failures.slice(0, MAX_FAILURES_TOLD - operation.failures.length));
      if (signal.aborted) return;
      ({ left } = outcome);
    }
  }

  /** Each batch is a unit of work of its own, and waits for what is away for half a minute. */
  private readonly trying: Trying = async (work) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.units.run('batch', 'ops.bulk', work);
      } catch (error) {
        if (!isPassing(error) || attempt >= ATTEMPTS) throw error;
        await delay(PAUSE_MS, undefined, { signal: this.stopping.signal });
      }
    }
  };

  /** What cannot be saved now is saved with the next batch, or seen as interrupted: the work goes on. */
  private async save(operation: BulkOperation): Promise<void> {
    try {
      await this.progress.save(operation);
    } catch (error) {
      this.logger.warn(`the progress of bulk operation ${operation.id} was not saved: ${messageOf(error)}`);
    }
  }

  private async tell(operation: BulkOperation, { keyId, requestId }: Author): Promise<void> {
    const { id, action, state, done, skipped, failed, query } = operation;
    const entry = {
      action: `ops.bulk.${action}`,
      keyId,
      address: null,
      requestId,
      outcome: state === 'done' ? ('done' as const) : ('failed' as const),
      detail: auditDetail(
        `${state}: ${done} done, ${skipped} skipped, ${failed} failed (${id}${query === null ? '' : `, ${query}`})`,
      ),
    };
    try {
      await this.audit.insert(entry);
    } catch (error) {
      // What happened has happened, and the log keeps what the table could not.
      this.logger.error({ err: error, audit: entry }, 'an audit entry could not be written');
    }
  }
}
