import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { QueryFailedError, Repository } from 'typeorm';
import { ReadCache } from '../../platform/caching/index.js';
import type { SourceDefinition } from './definition/source-definition.js';
import { Source } from './source.entity.js';
import { SourceExistsError, SourceInUseError, SourceNotEditableError } from './source.errors.js';
import { SOURCES_TAG, SourceService } from './source.service.js';

/** Name of the spider that reads every source which is declared without code. */
export const DECLARED_SPIDER = 'declared';

/** SQLSTATEs: something refers to what was to be deleted. PostgreSQL 18 tells RESTRICT from other foreign keys. */
const REFERRED_TO = new Set(['23001', '23503']);

/** Sources as the API changes them. Whether it may depends on their origin, and is decided by the same statement. */
@Injectable()
export class DeclaredSources {
  constructor(
    @InjectRepository(Source) private readonly sources: Repository<Source>,
    private readonly service: SourceService,
    private readonly cache: ReadCache,
  ) {}

  /** @throws SourceExistsError */
  async create(definition: SourceDefinition): Promise<Source> {
    const { raw } = await this.sources
      .createQueryBuilder()
      .insert()
      .values({ ...definition, origin: 'api', spider: DECLARED_SPIDER })
      .orIgnore()
      .returning('id')
      .execute();
    if ((raw as unknown[]).length === 0) throw new SourceExistsError(definition.slug);
    return this.changed(definition.slug);
  }

  /** @throws NotFoundError; SourceNotEditableError when code or a file declares it. */
  async replace({ slug, ...definition }: SourceDefinition): Promise<Source> {
    const { affected } = await this.sources.update({ slug, origin: 'api' }, definition);
    if (affected === 0) await this.refuse(slug);
    return this.changed(slug);
  }

  /** Whatever its origin: whoever declares a source does not say whether it is scraped. @throws NotFoundError */
  async setEnabled(slug: string, enabled: boolean): Promise<Source> {
    // From now on it is off because somebody says so, and not because its file is gone.
    await this.sources.update({ slug }, { enabled, fileGoneAt: null });
    return this.changed(slug);
  }

  /** @throws NotFoundError; SourceNotEditableError as `replace` does; SourceInUseError when a run keeps it. */
  async remove(slug: string): Promise<void> {
    const affected = await this.delete(slug);
    if (affected === 0) await this.refuse(slug);
    await this.cache.invalidate([SOURCES_TAG]);
  }

  private async delete(slug: string): Promise<number> {
    try {
      const { affected } = await this.sources.delete({ slug, origin: 'api' });
      return affected ?? 0;
    } catch (error) {
      if (!(error instanceof QueryFailedError)) throw error;
      const { code = '' } = error.driverError as Error & { code?: string };
      throw REFERRED_TO.has(code) ? new SourceInUseError(slug, error) : error;
    }
  }

  private async changed(slug: string): Promise<Source> {
    const source = await this.service.bySlug(slug);
    await this.cache.invalidate([SOURCES_TAG]);
    return source;
  }

  /** Says why a statement found nothing to change. */
  private async refuse(slug: string): Promise<void> {
    const { origin } = await this.service.bySlug(slug);
    if (origin !== 'api') throw new SourceNotEditableError(slug, origin);
  }
}
