import { Injectable } from '@nestjs/common';
import { type EntityManager, QueryFailedError } from 'typeorm';
import { Transactions } from '../../core/database/index.js';
import { NotFoundError } from '../../core/errors/index.js';
import { ReadCache } from '../../platform/caching/index.js';
import type { DeclaredSchedule, Schedule } from '../../platform/scheduling/index.js';
import type { SourceDefinition } from './definition/source-definition.js';
import { SourceSchedules } from './source-schedules.js';
import { Source } from './source.entity.js';
import { SourceExistsError, SourceInUseError, SourceNotEditableError } from './source.errors.js';
import { SOURCES_TAG } from './source.service.js';

/** Name of the spider that reads every source which is declared without code. */
export const DECLARED_SPIDER = 'declared';

/** SQLSTATEs: something refers to what was to be deleted. PostgreSQL 18 tells RESTRICT from other foreign keys. */
const REFERRED_TO = new Set(['23001', '23503']);

/** Sources as the API changes them, each with its schedule. Whether it may depends on the origin of the source. */
@Injectable()
export class DeclaredSources {
  constructor(
    private readonly transactions: Transactions,
    private readonly schedules: SourceSchedules,
    private readonly cache: ReadCache,
  ) {}

  /** @throws SourceExistsError */
  async create(definition: SourceDefinition): Promise<Source> {
    return this.change(async (manager) => {
      const { raw } = await manager
        .createQueryBuilder()
        .insert()
        .into(Source)
        .values({ ...definition, origin: 'api', spider: DECLARED_SPIDER })
        .orIgnore()
        .returning('id')
        .execute();
      if ((raw as unknown[]).length === 0) throw new SourceExistsError(definition.slug);
      const source = await lock(manager, definition.slug);
      await this.schedules.follow(manager, source);
      return source;
    });
  }

  /** @throws NotFoundError; SourceNotEditableError when code or a file declares it. */
  async replace({ slug, ...definition }: SourceDefinition): Promise<Source> {
    return this.change(async (manager) => {
      const { origin } = await lock(manager, slug);
      if (origin !== 'api') throw new SourceNotEditableError(slug, origin);
      return this.update(manager, slug, definition);
    });
  }

  /** Whatever its origin: whoever declares a source does not say whether it is scraped. @throws NotFoundError */
  async setEnabled(slug: string, enabled: boolean): Promise<Source> {
    return this.change(async (manager) => {
      await lock(manager, slug);
      // From now on it is off because somebody says so, and not because its file is gone.
      return this.update(manager, slug, { enabled, fileGoneAt: null });
    });
  }

  /**
   * When a source is scraped by itself; null: only when somebody asks. Code says nothing of this, a file does.
   * @throws NotFoundError; SourceNotEditableError when a file declares it.
   */
  async setSchedule(slug: string, schedule: DeclaredSchedule): Promise<Schedule>;
  async setSchedule(slug: string, schedule: null): Promise<undefined>;
  async setSchedule(slug: string, schedule: DeclaredSchedule | null): Promise<Schedule | undefined> {
    return this.change(async (manager) => {
      const source = await lock(manager, slug);
      if (source.origin === 'file') throw new SourceNotEditableError(slug, source.origin);
      await manager.update(Source, { slug }, { schedule });
      source.schedule = schedule;
      return this.schedules.follow(manager, source);
    });
  }

  /**
   * Deletes a source, its runs and what they have found.
   * @throws NotFoundError; SourceNotEditableError when code declares it, or a file that is still there;
   *   SourceInUseError when a run of it is under way.
   */
  async remove(slug: string): Promise<void> {
    await this.change(async (manager) => {
      const { origin, fileGoneAt } = await lock(manager, slug);
      if (origin !== 'api' && !fileGoneAt) throw new SourceNotEditableError(slug, origin);
      await this.schedules.forget(manager, slug);
      await remove(manager, slug);
    });
  }

  private async update(manager: EntityManager, slug: string, changes: Partial<Source>): Promise<Source> {
    await manager.update(Source, { slug }, changes);
    const source = await lock(manager, slug);
    await this.schedules.follow(manager, source);
    return source;
  }

  private async change<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const result = await this.transactions.run(work);
    await this.cache.invalidate([SOURCES_TAG]);
    return result;
  }
}

/** @throws NotFoundError */
async function lock(manager: EntityManager, slug: string): Promise<Source> {
  const source = await manager.findOne(Source, { where: { slug }, lock: { mode: 'pessimistic_write' } });
  if (!source) throw new NotFoundError('source', slug);
  return source;
}

async function remove(manager: EntityManager, slug: string): Promise<void> {
  try {
    await manager.delete(Source, { slug });
  } catch (error) {
    if (!(error instanceof QueryFailedError)) throw error;
    const { code = '' } = error.driverError as Error & { code?: string };
    throw REFERRED_TO.has(code) ? new SourceInUseError(slug, error) : error;
  }
}
