import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { InvalidInputError, NotFoundError } from '../../../core/errors/index.js';
import { cursorOf, type Page, toPage } from '../../../core/http/index.js';
import { SourceService } from '../../sources/index.js';
import type { JsonValue } from '../record-item.js';
import type { Condition } from './condition.js';
import { assertDeclared } from './declared-fields.js';
import {
  type RecordListQuery,
  recordListStatement,
  type RecordPosition,
  type RecordRow,
  SELECT_RECORD,
} from './record-list.query.js';
import type { RecordChangeDto, RecordDto } from './record.dto.js';

export interface RecordFilter {
  kind?: string | undefined;
  /** Only what has changed at this time or later, in the order of the changes. */
  since?: string | undefined;
  where: readonly Condition[];
}

export interface RecordPageFilter extends RecordFilter {
  limit: number;
  /** Key of the last record of the page before; the time is null unless the list is one of changes. */
  cursor?: readonly [lastChanged: string | null, id: number] | undefined;
}

/** A row that is a record, with its data. */
export type FoundRecord = RecordRow & { kind: string; data: string };

/** Records in their order, and where to go on; without `next` there are no more. */
export interface FoundRecords {
  rows: FoundRecord[];
  next: RecordPosition | undefined;
}

type ChangeRow = Omit<RecordChangeDto, 'changedAt'> & { id: string; changedAt: Date };

// A record keeps a thousand changes at most, which are read and sorted. Its key is a range of one value and part of the
// order, as in record-list.query.ts: else all changes of all records might be read in the order of their ids.
const SELECT_CHANGES = `
SELECT id, run_id AS "runId", changed_at AS "changedAt", before, after FROM record_change
WHERE record_id >= (SELECT $1::bigint) AND (record_id, id) < ((SELECT $1::bigint), $3)
  AND (SELECT EXISTS (${SELECT_RECORD}))
ORDER BY record_id DESC, id DESC LIMIT $4`;

/** Finds records in PostgreSQL. */
@Injectable()
export class RecordFinder {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sources: SourceService,
  ) {}

  /**
   * Records of a source: the newest first, or with `since` in the order of their changes. Reading is bounded (see
   * record-list.query.ts), so a page may be short although others follow: only `nextCursor` null is the end.
   * @throws NotFoundError; InvalidInputError for fields that the source does not have.
   */
  async list(slug: string, filter: RecordPageFilter): Promise<Page<RecordDto>> {
    const { limit, cursor, ...asked } = filter;
    const after = cursor && positionOf(cursor, asked.since);
    const source = await this.sources.bySlug(slug);
    assertDeclared(source, asked);
    const { rows, next } = await this.read({
      ...asked,
      sourceId: source.id,
      order: 'newest first',
      after,
      count: limit,
    });
    const nextCursor = next ? cursorOf([asked.since === undefined ? null : next.lastChanged, next.id]) : null;
    return { items: rows.map(toRecordDto), nextCursor };
  }

  /** @throws NotFoundError */
  async get(slug: string, id: number): Promise<RecordDto> {
    const rows: FoundRecord[] = await this.dataSource.query(SELECT_RECORD, [id, slug]);
    if (!rows[0]) throw new NotFoundError('record', id);
    return toRecordDto(rows[0]);
  }

  /**
   * What runs have changed of a record, the newest first; nothing for kinds without a history.
   * @throws NotFoundError
   */
  async changes(slug: string, id: number, limit: number, before?: number): Promise<Page<RecordChangeDto>> {
    const rows: ChangeRow[] = await this.dataSource.query(SELECT_CHANGES, [
      id,
      slug,
      before ?? Number.MAX_SAFE_INTEGER,
      limit + 1,
    ]);
    if (rows.length === 0) await this.get(slug, id);
    return toPage(
      rows,
      limit,
      (row) => [Number(row.id)],
      ({ id: _, changedAt, ...change }) => ({ ...change, changedAt: changedAt.toISOString() }),
    );
  }

  /** Up to `count` records; fewer when those are large, or when conditions leave few of the rows that were looked at. */
  async read(query: RecordListQuery): Promise<FoundRecords> {
    // One more than shown tells whether there are others.
    const { sql, values } = recordListStatement({ ...query, count: query.count + 1 });
    const found: RecordRow[] = await this.dataSource.query(sql, values);
    const rows = found.filter((row): row is FoundRecord => row.data !== null).slice(0, query.count);
    const shownAll = found.every(({ data, kind }) => data !== null || kind === null);
    const edge = shownAll ? found.find(({ kind }) => kind === null) : undefined;
    const last = edge ?? (found.length > rows.length ? rows.at(-1) : undefined);
    return { rows, next: last && { lastChanged: last.lastChanged.toISOString(), id: Number(last.id) } };
  }
}

/** @throws InvalidInputError when the cursor is one of a list in the other order. */
function positionOf(
  [lastChanged, id]: NonNullable<RecordPageFilter['cursor']>,
  since: string | undefined,
): RecordPosition | undefined {
  if ((lastChanged === null) !== (since === undefined)) {
    throw new InvalidInputError([
      {
        field: 'cursor',
        message: 'expected the nextCursor of an earlier answer of this list, got that of another',
      },
    ]);
  }
  if (lastChanged === null || since === undefined) return { id };
  // The cursor of a list that began earlier must not lead behind this one's beginning.
  return Date.parse(lastChanged) < Date.parse(since) ? undefined : { lastChanged, id };
}

function toRecordDto(row: FoundRecord): RecordDto {
  return {
    id: Number(row.id),
    kind: row.kind,
    key: JSON.parse(row.key) as JsonValue[],
    data: JSON.parse(row.data) as Record<string, JsonValue>,
    url: row.url,
    firstSeen: row.firstSeen.toISOString(),
    lastSeen: row.lastSeen.toISOString(),
    lastChanged: row.lastChanged.toISOString(),
    seenCount: row.seenCount,
    changeCount: row.changeCount,
  };
}
