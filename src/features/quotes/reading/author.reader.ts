import { Injectable } from '@nestjs/common';
import type { Page } from '../../../core/http/index.js';
import { ReadCache } from '../../../platform/caching/index.js';
import { QUOTES_CACHE } from '../quotes-cache.js';
import { AuthorFinder } from './author.finder.js';
import type { AuthorDto } from './quote.dto.js';

/** Authors as the API answers them: from the cache, as far as that is right. */
@Injectable()
export class AuthorReader {
  constructor(
    private readonly authors: AuthorFinder,
    private readonly cache: ReadCache,
  ) {}

  /** Authors, by slug. */
  async list(limit: number, afterSlug = ''): Promise<Page<AuthorDto>> {
    return this.cache.getOrFetch(QUOTES_CACHE, `authors:${limit}:${afterSlug}`, () =>
      this.authors.list(limit, afterSlug),
    );
  }

  /** @throws NotFoundError */
  async get(slug: string): Promise<AuthorDto> {
    return this.cache.getOrFetch(QUOTES_CACHE, `author:${slug}`, () => this.authors.get(slug));
  }
}
