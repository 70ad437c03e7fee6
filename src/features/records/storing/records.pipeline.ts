import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ReadCache } from '../../../platform/caching/index.js';
import type { BatchContext, ItemPipeline, StoredCounts } from '../../scraping/index.js';
import type { RecordItem } from '../record-item.js';
import { RECORDS_TAG } from '../records.tags.js';
import { toRows } from './record-row.js';
import { storeRecords } from './record.store.js';

/**
 * Stores what declared sources yield, in bulk: at most two statements for a thousand records. A record is what its
 * pages say of it together, and what one of them does not say is never forgotten for that.
 */
@Injectable()
export class RecordsPipeline implements ItemPipeline<RecordItem> {
  constructor(private readonly cache: ReadCache) {}

  async store(
    items: readonly RecordItem[],
    context: BatchContext,
    manager: EntityManager,
  ): Promise<StoredCounts> {
    return storeRecords(manager, toRows(items), context);
  }

  async committed(): Promise<void> {
    await this.cache.invalidate([RECORDS_TAG]);
  }
}
