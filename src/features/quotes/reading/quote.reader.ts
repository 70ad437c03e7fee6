import { Injectable } from '@nestjs/common';
import type { Page } from '../../../core/http/index.js';
import { ReadCache } from '../../../platform/caching/index.js';
import { QUOTES_CACHE } from '../quotes-cache.js';
import type { QuoteDto } from './quote.dto.js';
import { type QuoteFilter, QuoteFinder } from './quote.finder.js';

/** Quotes as the API answers them: from the cache, as far as that is right. */
@Injectable()
export class QuoteReader {
  constructor(
    private readonly quotes: QuoteFinder,
    private readonly cache: ReadCache,
  ) {}

  /** Quotes, the newest first. */
  async list(filter: QuoteFilter): Promise<Page<QuoteDto>> {
    const { limit, cursor, author, tag, source, q } = filter;
    const key = JSON.stringify([
      'list',
      limit,
      cursor ?? null,
      author ?? null,
      tag ?? null,
      source ?? null,
      q ?? null,
    ]);
    return this.cache.getOrFetch(QUOTES_CACHE, key, () => this.quotes.list(filter));
  }

  /** @throws NotFoundError */
  async get(id: number): Promise<QuoteDto> {
    return this.cache.getOrFetch(QUOTES_CACHE, `quote:${id}`, () => this.quotes.get(id));
  }

  /**
   * Some quote; never cached.
   * @throws NotFoundError when there is none.
   */
  async random(): Promise<QuoteDto> {
    return this.quotes.random();
  }
}
