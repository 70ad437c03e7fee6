import { Injectable } from '@nestjs/common';
import { cachedRead, type CachedDocument, ReadCache } from '../../../platform/caching/index.js';
import { QUOTES_TAG } from '../quotes.tags.js';
import { AuthorFinder } from './author.finder.js';
import { authorPageSchema, authorSchema } from './quote.dto.js';

const AUTHOR = cachedRead(authorSchema, { cache: 'author', tags: [QUOTES_TAG] });
const AUTHORS = cachedRead(authorPageSchema, { cache: 'authors', tags: [QUOTES_TAG], expensive: true });

/** Authors as the API answers them: from the cache, as far as that is right. */
@Injectable()
export class AuthorReader {
  constructor(
    private readonly authors: AuthorFinder,
    private readonly cache: ReadCache,
  ) {}

  /** Authors, by slug. */
  list(limit: number, afterSlug = ''): CachedDocument | Promise<CachedDocument> {
    return this.cache.getDocument(
      `${limit}:${afterSlug}`,
      async () => this.authors.list(limit, afterSlug),
      AUTHORS,
    );
  }

  /** @throws NotFoundError */
  get(slug: string): CachedDocument | Promise<CachedDocument> {
    return this.cache.getDocument(slug, async () => this.authors.get(slug), AUTHOR);
  }
}
