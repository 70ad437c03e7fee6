import { Injectable } from '@nestjs/common';
import { cachedRead, type CachedDocument, ReadCache } from '../../../platform/caching/index.js';
import { QUOTES_TAG } from '../quotes.tags.js';
import { type QuoteDto, quotePageSchema, quoteSchema } from './quote.dto.js';
import { type QuoteFilter, QuoteFinder } from './quote.finder.js';

const QUOTE = cachedRead(quoteSchema, { cache: 'quote', tags: [QUOTES_TAG] });
const QUOTES = cachedRead(quotePageSchema, { cache: 'quotes', tags: [QUOTES_TAG], expensive: true });

/** Quotes as the API answers them: from the cache, as far as that is right. */
@Injectable()
export class QuoteReader {
  constructor(
    private readonly quotes: QuoteFinder,
    private readonly cache: ReadCache,
  ) {}

  /** Quotes, the newest first. */
  list(filter: QuoteFilter): CachedDocument | Promise<CachedDocument> {
    const { limit, cursor, author, tag, source, q } = filter;
    const key = JSON.stringify([limit, cursor, author, tag, source, q]);
    return this.cache.getDocument(key, async () => this.quotes.list(filter), QUOTES);
  }

  /** @throws NotFoundError */
  get(id: number): CachedDocument | Promise<CachedDocument> {
    return this.cache.getDocument(String(id), async () => this.quotes.get(id), QUOTE);
  }

  /**
   * Some quote; never cached.
   * @throws NotFoundError when there is none.
   */
  async random(): Promise<QuoteDto> {
    return this.quotes.random();
  }
}
