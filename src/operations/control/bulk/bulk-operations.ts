import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource, Repository } from 'typeorm';
import { WorkUnits } from '../../../core/database/index.js';
import { isPassing, messageOf } from '../../../core/errors/index.js';
import { AuditEntry } from '../../../platform/auth/index.js';
import { type ControlConfig, controlConfig } from '../control.config.js';
import {
  FINAL_STATES,
  OPEN_STATES,
  printQuery,
  type TaskQuery,
  TaskFinder,
} from '../../../platform/history/index.js';
import { BulkBatch } from './bulk-batch.js';
import { type BulkAction, type BulkOperation, MAX_FAILURES_TOLD } from './bulk-operation.js';
import { BulkProgress } from './bulk-progress.js';
import { TooManyBulkOperationsError } from './bulk.errors.js';

const BATCH = 200;
const MOST_AT_ONCE = 2;
const ALIVE_EVERY_MS = 5000;
/** A batch that fails in passing is tried as often, each time after this. */
const ATTEMPTS = 30;
const PAUSE_MS = 1000;

/** Which tasks. */
export type BulkSelection = { readonly ids: readonly string[] } | { readonly query: TaskQuery };

export interface BulkRequest {
  readonly action: BulkAction;
  readonly selection: BulkSelection;
  readonly terminate: boolean;
}

interface Author {
  readonly keyId: string;
  readonly requestId: string;
}

/**
 * Operations on many tasks: counted, begun, and then done in the background, a few hundred tasks at a time, whether or
 * not anybody waits for it. How far it is stands in Redis after each batch; how it ended, in the audit. It is not taken
 * up by another process when this one ends: it says so, and what is left is left to whoever asked for it.
 */
@Injectable()
export class BulkOperations implements BeforeApplicationShutdown {
  private readonly logger = new Logger(BulkOperations.name);
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly dataSource: DataSource,
    private readonly finder: TaskFinder,
    private readonly batch: BulkBatch,
    private readonly progress: BulkProgress,
    private readonly units: WorkUnits,
    @InjectRepository(AuditEntry) private readonly audit: Repository<AuditEntry>,
    @Inject(controlConfig.token) private readonly config: ControlConfig,
  ) {}

  /** On how many tasks it would act. */
  async count({ action, selection }: BulkRequest): Promise<{ count: number; atLeast: boolean }> {
    if ('query' in selection) return this.finder.count(eligible(selection.query, action));
    const rows: { count: number }[] = await this.dataSource.query(
      'SELECT count(*)::integer AS count FROM task WHERE id = ANY ($1) AND state = ANY ($2)',
      [selection.ids, statesFor(action)],
    );
    return { count: rows[0]?.count ?? 0, atLeast: false };
  }

  /**
   * Begins an operation. @returns how it stands, with its id.
   * @throws TooManyBulkOperationsError; what Redis and the database throw, and then nothing was begun.
   */
  async begin(request: BulkRequest, author: Author): Promise<BulkOperation> {
    if (this.running.size >= MOST_AT_ONCE || this.stopping.signal.aborted)
      throw new TooManyBulkOperationsError(MOST_AT_ONCE);
    const { count, atLeast } = await this.count(request);
    const { action, selection } = request;
    const operation: BulkOperation = {
      id: randomUUID(),
      action,
      query: 'query' in selection ? printQuery(selection.query) : null,
      keyId: author.keyId,
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
    const begun = structuredClone(operation);
    const work = this.run(request, operation, author).finally(() => this.running.delete(work));
    this.running.add(work);
    return begun;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }

  private async run(request: BulkRequest, operation: BulkOperation, author: Author): Promise<void> {
    // A batch may wait for Redis for longer than a process is believed to be alive.
    const alive = setInterval(
      () => void this.progress.stillAlive(operation.id).catch(() => undefined),
      ALIVE_EVERY_MS,
    );
    try {
      for await (const ids of this.batchesOf(request, operation)) {
        await this.apply(request, operation, ids);
        await this.save(operation);
      }
      operation.state = this.stopping.signal.aborted ? 'interrupted' : 'done';
    } catch (error) {
      operation.state = this.stopping.signal.aborted ? 'interrupted' : 'failed';
      operation.error = messageOf(error).slice(0, 500);
      this.logger.error({ err: error, operation: operation.id }, 'a bulk operation was given up');
    } finally {
      clearInterval(alive);
    }
    operation.finishedAt = new Date().toISOString();
    await this.save(operation);
    await this.tell(operation, author);
  }

  private async *batchesOf(
    { action, selection }: BulkRequest,
    operation: BulkOperation,
  ): AsyncGenerator<string[]> {
    const given =
      'ids' in selection ? idBatches(selection.ids) : this.found(eligible(selection.query, action));
    let seen = 0;
    for await (const ids of given) {
      if (this.stopping.signal.aborted) return;
      const room = this.config.bulkMaxTasks - seen;
      operation.limited = ids.length > room;
      if (room > 0) yield ids.slice(0, room);
      if (operation.limited) return;
      seen += ids.length;
    }
  }

  /** Newest first, so that what the operation enqueues itself is never among them. */
  private async *found(query: TaskQuery): AsyncGenerator<string[]> {
    const list = await this.finder.plan(query);
    let next: Awaited<ReturnType<TaskFinder['read']>>['next'];
    do {
      const page = await this.trying(() => this.finder.read(list, ['id'], BATCH, next));
      if (page.rows.length > 0) yield page.rows.map(({ id }) => id as string);
      ({ next } = page);
    } while (next);
  }

  private async apply(request: BulkRequest, operation: BulkOperation, ids: readonly string[]): Promise<void> {
    const { id } = operation;
    const outcome = await this.trying(() => this.batch.apply({ ...request, id }, ids));
    operation.done += outcome.done;
    operation.skipped += outcome.skipped;
    operation.failed += outcome.failures.length;
    operation.failures.push(...outcome.failures.slice(0, MAX_FAILURES_TOLD - operation.failures.length));
  }

  /** Each batch is a unit of work of its own, and waits for what is away for half a minute. */
  private async trying<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.units.run('batch', 'tasks.bulk', work);
      } catch (error) {
        if (!isPassing(error) || attempt >= ATTEMPTS) throw error;
        await delay(PAUSE_MS, undefined, { signal: this.stopping.signal });
      }
    }
  }

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
      detail:
        `${state}: ${done} tasks, ${skipped} skipped, ${failed} failed (${id}${query === null ? '' : `, ${query}`})`.slice(
          0,
          500,
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

const statesFor = (action: BulkAction): typeof OPEN_STATES | typeof FINAL_STATES =>
  action === 'revoke' ? OPEN_STATES : FINAL_STATES;

/** Only tasks that the action is for. */
const eligible = (query: TaskQuery, action: BulkAction): TaskQuery => ({
  and: [query, { or: statesFor(action).map((state) => ({ field: 'state' as const, state })) }],
});

function* idBatches(ids: readonly string[]): Generator<string[]> {
  for (let from = 0; from < ids.length; from += BATCH) yield ids.slice(from, from + BATCH);
}
