import { Injectable } from '@nestjs/common';
import { toPage } from '../../core/http/index.js';
import { cachedRead, type CachedDocument, ReadCache } from '../../platform/caching/index.js';
import { sourceDetailSchema, sourcePageSchema, toSourceDetailDto, toSourceDto } from './source.dto.js';
import { SOURCES_TAG, SourceService } from './source.service.js';

const SOURCE = cachedRead(sourceDetailSchema, { cache: 'source', tags: [SOURCES_TAG] });
const SOURCES = cachedRead(sourcePageSchema, { cache: 'sources', tags: [SOURCES_TAG] });

/** Sources as the API answers them: from the cache, as far as that is right. */
@Injectable()
export class SourceReader {
  constructor(
    private readonly sources: SourceService,
    private readonly cache: ReadCache,
  ) {}

  /** Sources, by slug. */
  list(limit: number, afterSlug = ''): CachedDocument | Promise<CachedDocument> {
    const fetch = async () => {
      const rows = await this.sources.list(limit + 1, afterSlug);
      return toPage(rows, limit, (row) => [row.slug], toSourceDto);
    };
    return this.cache.getDocument(`${limit}:${afterSlug}`, fetch, SOURCES);
  }

  /** @throws NotFoundError */
  get(slug: string): CachedDocument | Promise<CachedDocument> {
    return this.cache.getDocument(
      slug,
      async () => toSourceDetailDto(await this.sources.bySlug(slug)),
      SOURCE,
    );
  }
}
