import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DataSource, type EntityManager, MoreThan } from 'typeorm';
import { Transactions } from '../../../core/database/index.js';
import { NotFoundError } from '../../../core/errors/index.js';
import { nextRun, runOf } from './next-run.js';
import type { DeclaredSchedule } from './schedule.dto.js';
import { Schedule } from './schedule.entity.js';

/** What is set off, and when. */
export interface ScheduleDefinition extends DeclaredSchedule {
  /** Name of a `@ScheduleTarget`. */
  target: string;
  /** JSON of 4 KB at most; ids rather than documents. */
  payload: object;
}

/** The schedules that there are. Every scheduler looks each second, so a change is everywhere within that. */
@Injectable()
export class Schedules {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Creates the schedule of this name or brings it to this definition.
   *
   * The slot that it waits for stays the same unless the pattern, the zone or `enabled` changes, so an edit of
   * anything else loses none. A new pattern counts from now on: what was due by the old one is dropped.
   * @param manager of a transaction that shall include this.
   * @throws InvalidCronError
   */
  async put(name: string, definition: ScheduleDefinition, manager?: EntityManager): Promise<Schedule> {
    if (!manager) return this.transactions.run((own) => this.put(name, definition, own));
    for (;;) {
      // Locked, so that no replica fires the slot meanwhile.
      const existing = await manager.findOne(Schedule, {
        where: { name },
        lock: { mode: 'pessimistic_write' },
      });
      const now = await nowOf(manager);
      if (existing) return manager.save(edited(existing, definition, now));
      const created = edited(
        manager.create(Schedule, { id: randomUUID(), name, ...NEVER_RUN }),
        definition,
        now,
      );
      // Should somebody else create it in this moment, theirs is there when this has waited for them.
      const { raw } = await manager
        .createQueryBuilder()
        .insert()
        .into(Schedule)
        .values(created)
        .orIgnore()
        .returning('id')
        .execute();
      if ((raw as unknown[]).length > 0) return created;
    }
  }

  /** @returns whether there was one. */
  async remove(name: string, manager: EntityManager = this.dataSource.manager): Promise<boolean> {
    const { affected } = await manager.delete(Schedule, { name });
    return affected === 1;
  }

  /** @throws NotFoundError */
  async get(name: string): Promise<Schedule> {
    const schedule = await this.dataSource.getRepository(Schedule).findOneBy({ name });
    if (!schedule) throw new NotFoundError('schedule', name);
    return schedule;
  }

  /** Up to `count` schedules in the order of their names, after the given one. */
  async list(count: number, afterName = ''): Promise<Schedule[]> {
    return this.dataSource
      .getRepository(Schedule)
      .find({ where: { name: MoreThan(afterName) }, order: { name: 'ASC' }, take: count });
  }
}

const NEVER_RUN = {
  lastSlot: null,
  lastRunAt: null,
  lastOutcome: null,
  waitingSlot: null,
  askAgainAt: null,
};

function edited(schedule: Schedule, definition: ScheduleDefinition, now: Date): Schedule {
  const { nextSlot, cron, timeZone } = schedule;
  const keepsSlot = nextSlot && cron === definition.cron && timeZone === definition.timeZone;
  Object.assign(schedule, definition);
  if (!definition.enabled) {
    return Object.assign(schedule, { nextSlot: null, nextRunAt: null, waitingSlot: null, askAgainAt: null });
  }
  const next = keepsSlot ? runOf(schedule, nextSlot) : nextRun(schedule, now, now);
  return Object.assign(schedule, { nextSlot: next.slot, nextRunAt: next.runAt });
}

/** PostgreSQL's clock, as when claiming: one that is ahead here would leave slots out. */
async function nowOf(manager: EntityManager): Promise<Date> {
  const rows: { now: Date }[] = await manager.query('SELECT clock_timestamp() AS now');
  if (!rows[0]) throw new Error('PostgreSQL has not told the time');
  return rows[0].now;
}
