import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import type { z } from 'zod';
import { NotFoundError } from '../../core/errors/index.js';
import { ReadCache } from '../../platform/caching/index.js';
import { crawlLimitsSchema } from './definition/crawl-limits.js';
import { crawlScopeSchema } from './definition/crawl-scope.js';
import { politenessSchema } from './definition/politeness.js';
import { Source } from './source.entity.js';

/** Changes whenever a source does. */
export const SOURCES_TAG = 'sources';

/** What code says of a source; its key is the slug, and what it leaves out has the default. */
export interface CodeSource extends Pick<Source, 'slug' | 'name' | 'spider' | 'startUrls'> {
  scope?: z.input<typeof crawlScopeSchema>;
  politeness?: z.input<typeof politenessSchema>;
  limits?: z.input<typeof crawlLimitsSchema>;
}

@Injectable()
export class SourceService {
  private readonly logger = new Logger(SourceService.name);

  constructor(
    @InjectRepository(Source) private readonly sources: Repository<Source>,
    private readonly cache: ReadCache,
  ) {}

  /**
   * Creates the source or brings it to this definition; safe when several processes boot at once. A slug that somebody
   * has given to a source of their own stays theirs.
   */
  async declare({ scope, politeness, limits, ...source }: CodeSource): Promise<void> {
    const definition = {
      ...source,
      origin: 'code' as const,
      scope: crawlScopeSchema.parse(scope ?? {}),
      politeness: politenessSchema.parse(politeness ?? {}),
      limits: crawlLimitsSchema.parse(limits ?? {}),
    };
    await this.sources
      .createQueryBuilder('s')
      .insert()
      .values(definition)
      .orUpdate(['name', 'spider', 'start_urls', 'scope', 'politeness', 'limits'], ['slug'], {
        skipUpdateIfNoValuesChanged: true,
        overwriteCondition: { where: `s.origin = 'code'` },
      })
      .execute();
    const { origin } = await this.bySlug(source.slug);
    if (origin !== 'code')
      this.logger.error({ source: source.slug, origin }, 'a built-in source is left out: its slug is taken');
    await this.changed();
  }

  /** Something that is shown of sources has changed: every process sees it. */
  async changed(): Promise<void> {
    await this.cache.invalidate([SOURCES_TAG]);
  }

  /** @throws NotFoundError */
  async bySlug(slug: string): Promise<Source> {
    const source = await this.sources.findOneBy({ slug });
    if (!source) throw new NotFoundError('source', slug);
    return source;
  }

  /** @throws NotFoundError */
  async byId(id: number): Promise<Source> {
    const source = await this.sources.findOneBy({ id });
    if (!source) throw new NotFoundError('source', id);
    return source;
  }

  /** Up to `count` sources in the order of their slugs, after the given one. */
  async list(count: number, afterSlug = ''): Promise<Source[]> {
    return this.sources.find({ where: { slug: MoreThan(afterSlug) }, order: { slug: 'ASC' }, take: count });
  }
}
