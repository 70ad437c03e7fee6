import { Injectable } from '@nestjs/common';
import { cachedRead, type CachedDocument, ReadCache } from '../../../platform/caching/index.js';
import { SOURCES_TAG } from '../../sources/index.js';
import { RECORDS_TAG } from '../records.tags.js';
import { recordChangePageSchema, recordPageSchema, recordSchema } from './record.dto.js';
import { RecordFinder, type RecordPageFilter } from './record.finder.js';

// A source that is deleted takes its records with it, and its declaration says which fields can be asked for.
const TAGS = [RECORDS_TAG, SOURCES_TAG];
const RECORD = cachedRead(recordSchema, { cache: 'record', tags: TAGS });
const RECORDS = cachedRead(recordPageSchema, { cache: 'records', tags: TAGS, expensive: true });
const CHANGES = cachedRead(recordChangePageSchema, { cache: 'record_changes', tags: TAGS });

/** Records as the API answers them: from the cache, as far as that is right. */
@Injectable()
export class RecordReader {
  constructor(
    private readonly records: RecordFinder,
    private readonly cache: ReadCache,
  ) {}

  /**
   * Records of a source.
   * @throws NotFoundError; InvalidInputError for fields that the source does not have.
   */
  list(slug: string, filter: RecordPageFilter): CachedDocument | Promise<CachedDocument> {
    const { kind, since, where, limit, cursor } = filter;
    const key = JSON.stringify([slug, kind, since, where, limit, cursor]);
    return this.cache.getDocument(key, async () => this.records.list(slug, filter), RECORDS);
  }

  /** @throws NotFoundError */
  get(slug: string, id: number): CachedDocument | Promise<CachedDocument> {
    return this.cache.getDocument(`${id}:${slug}`, async () => this.records.get(slug, id), RECORD);
  }

  /**
   * What runs have changed of a record.
   * @throws NotFoundError
   */
  changes(
    slug: string,
    id: number,
    limit: number,
    before?: number,
  ): CachedDocument | Promise<CachedDocument> {
    const key = `${id}:${limit}:${before ?? ''}:${slug}`;
    return this.cache.getDocument(key, async () => this.records.changes(slug, id, limit, before), CHANGES);
  }
}
