import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ReadCache } from '../../../platform/caching/index.js';
import type { BatchContext, ItemPipeline, StoredCounts } from '../../scraping/index.js';
import { QUOTES_TAG } from '../quotes.tags.js';
import { storeAuthorNames, storeAuthors } from './author.store.js';
import { quoteHash, type QuotesItem } from './quote-item.js';
import { storeQuotes } from './quote.store.js';

/**
 * Stores quotes and authors in bulk: a fixed number of statements a batch, however many items it has. Rows are
 * written in the order of their keys, so that two workers cannot wait for each other in a circle.
 */
@Injectable()
export class QuotesPipeline implements ItemPipeline<QuotesItem> {
  constructor(private readonly cache: ReadCache) {}

  async store(
    items: readonly QuotesItem[],
    context: BatchContext,
    manager: EntityManager,
  ): Promise<StoredCounts> {
    // A statement cannot touch a row twice, and a page can show a quote twice.
    const authors = unique(
      items.filter((item) => item.kind === 'author'),
      (author) => author.slug,
    );
    const quotes = unique(
      items.filter((item) => item.kind === 'quote'),
      (quote) => quoteHash(quote.text),
    );
    await storeAuthorNames(manager, [...quotes.values()]);
    const authorCounts = await storeAuthors(manager, [...authors.values()], context);
    const quoteCounts = await storeQuotes(manager, quotes, context);
    return {
      inserted: authorCounts.inserted + quoteCounts.inserted,
      updated: authorCounts.updated + quoteCounts.updated,
      unchanged: authorCounts.unchanged + quoteCounts.unchanged,
    };
  }

  async committed(): Promise<void> {
    await this.cache.invalidate([QUOTES_TAG]);
  }
}

/** The first item of each key. */
function unique<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T> {
  const byKey = new Map<string, T>();
  for (const item of items) {
    const key = keyOf(item);
    if (!byKey.has(key)) byKey.set(key, item);
  }
  return byKey;
}
