import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import {
  FINAL_STATES,
  OPEN_STATES,
  printQuery,
  type TaskQuery,
  TaskFinder,
} from '../../../platform/history/index.js';
import type { BulkWork, Trying } from './bulk-work.js';
import { TaskBatch } from './task-batch.js';

const BATCH = 200;

/** Which tasks. */
export type BulkSelection = { readonly ids: readonly string[] } | { readonly query: TaskQuery };

export interface TaskBulkRequest {
  readonly action: 'revoke' | 'retry';
  readonly selection: BulkSelection;
  readonly terminate: boolean;
}

/** Bulk operations on tasks: those of a list or a query that are in a state for it. */
@Injectable()
export class TaskBulk {
  constructor(
    private readonly dataSource: DataSource,
    private readonly finder: TaskFinder,
    private readonly batch: TaskBatch,
  ) {}

  workOf({ action, selection, terminate }: TaskBulkRequest): BulkWork {
    const ids = 'ids' in selection ? selection.ids : undefined;
    const states = action === 'revoke' ? OPEN_STATES : FINAL_STATES;
    const query = 'query' in selection ? selection.query : undefined;
    const eligible = query && onlyIn(query, states);
    return {
      action,
      query: query ? printQuery(query) : null,
      count: () => (ids ? this.countOf(ids, states) : this.finder.count(eligible)),
      batches: (trying) => (ids ? batchesOf(ids) : this.found(eligible, trying)),
      apply: (some, operationId) =>
        action === 'revoke'
          ? this.batch.revoke(some, terminate ? 'terminate' : 'abort')
          : this.batch.retry(some, operationId),
    };
  }

  private async countOf(
    ids: readonly string[],
    states: readonly string[],
  ): Promise<{ count: number; atLeast: boolean }> {
    const rows: { count: number }[] = await this.dataSource.query(
      'SELECT count(*)::integer AS count FROM task WHERE id = ANY ($1) AND state = ANY ($2)',
      [ids, states],
    );
    return { count: rows[0]?.count ?? 0, atLeast: false };
  }

  /** Newest first, so that what the operation enqueues itself is never among them. */
  private async *found(query: TaskQuery | undefined, trying: Trying): AsyncGenerator<string[]> {
    const list = await this.finder.plan(query);
    let next: Awaited<ReturnType<TaskFinder['read']>>['next'];
    do {
      const page = await trying(() => this.finder.read(list, ['id'], BATCH, next));
      if (page.rows.length > 0) yield page.rows.map(({ id }) => id as string);
      ({ next } = page);
    } while (next);
  }
}

const onlyIn = (query: TaskQuery, states: typeof OPEN_STATES | typeof FINAL_STATES): TaskQuery => ({
  and: [query, { or: states.map((state) => ({ field: 'state' as const, state })) }],
});

async function* batchesOf(ids: readonly string[]): AsyncGenerator<readonly string[]> {
  for (let from = 0; from < ids.length; from += BATCH) yield ids.slice(from, from + BATCH);
}
