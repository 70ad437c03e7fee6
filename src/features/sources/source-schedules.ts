import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type Schedule, Schedules } from '../../platform/scheduling/index.js';
import type { Source } from './source.entity.js';

/** What the schedule of a source sets off, with `{ sourceId }`. */
export const SCRAPE_SOURCE = 'scrape.source';

/** Keeps the schedules that scrape sources as their sources say, in the transactions that write these. */
@Injectable()
export class SourceSchedules {
  constructor(private readonly schedules: Schedules) {}

  /** @returns the schedule; `undefined` when the source has none. */
  async follow(
    manager: EntityManager,
    { id, slug, schedule, enabled }: Pick<Source, 'id' | 'slug' | 'schedule' | 'enabled'>,
  ): Promise<Schedule | undefined> {
    if (!schedule) {
      await this.forget(manager, slug);
      return undefined;
    }
    const work = { target: SCRAPE_SOURCE, payload: { sourceId: id } };
    const definition = { ...schedule, ...work, enabled: schedule.enabled && enabled };
    return this.schedules.put(scheduleOf(slug), definition, manager);
  }

  async forget(manager: EntityManager, slug: string): Promise<void> {
    await this.schedules.remove(scheduleOf(slug), manager);
  }
}

const scheduleOf = (slug: string): string => `scrape:${slug}`;
