import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import { NotFoundError } from '../../core/errors/index.js';
import { ReadCache } from '../../platform/caching/index.js';
import { Source } from './source.entity.js';

/** Changes whenever a source does. */
export const SOURCES_TAG = 'sources';

/** What declares a source; its key is the slug. */
export type SourceDefinition = Pick<Source, 'slug' | 'name' | 'spider' | 'startUrl' | 'politeness'>;

@Injectable()
export class SourceService {
  constructor(
    @InjectRepository(Source) private readonly sources: Repository<Source>,
    private readonly cache: ReadCache,
  ) {}

  /** Creates the source or brings it to this definition; safe when several processes boot at once. */
  async declare(definition: SourceDefinition): Promise<void> {
    await this.sources.upsert(definition, { conflictPaths: ['slug'], skipUpdateIfNoValuesChanged: true });
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
