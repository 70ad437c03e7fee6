import { Injectable } from '@nestjs/common';
import { cachedRead, type CachedDocument, ReadCache } from '../../../platform/caching/index.js';
import { QUOTES_TAG } from '../quotes.tags.js';
import { tagPageSchema } from './quote.dto.js';
import { TagFinder } from './tag.finder.js';

const TAGS = cachedRead(tagPageSchema, { cache: 'tags', tags: [QUOTES_TAG], expensive: true });

/** Tags as the API answers them: from the cache, as far as that is right. */
@Injectable()
export class TagReader {
  constructor(
    private readonly tags: TagFinder,
    private readonly cache: ReadCache,
  ) {}

  /** Tags, by name, each with the number of its quotes. */
  list(limit: number, afterName = ''): CachedDocument | Promise<CachedDocument> {
    return this.cache.getDocument(
      `${limit}:${afterName}`,
      async () => this.tags.list(limit, afterName),
      TAGS,
    );
  }
}
