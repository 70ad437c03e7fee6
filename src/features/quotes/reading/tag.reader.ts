import { Injectable } from '@nestjs/common';
import type { Page } from '../../../core/http/index.js';
import { ReadCache } from '../../../platform/caching/index.js';
import { QUOTES_CACHE } from '../quotes-cache.js';
import type { TagDto } from './quote.dto.js';
import { TagFinder } from './tag.finder.js';

/** Tags as the API answers them: from the cache, as far as that is right. */
@Injectable()
export class TagReader {
  constructor(
    private readonly tags: TagFinder,
    private readonly cache: ReadCache,
  ) {}

  /** Tags, by name, each with the number of its quotes. */
  async list(limit: number, afterName = ''): Promise<Page<TagDto>> {
    return this.cache.getOrFetch(QUOTES_CACHE, `tags:${limit}:${afterName}`, () =>
      this.tags.list(limit, afterName),
    );
  }
}
