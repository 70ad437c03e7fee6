import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Transactions } from '../../../core/database/index.js';
import { WorkUnits } from '../../../core/performance/index.js';
import { withDeadline } from '../../../core/deadline/index.js';
import { Periodic, type PeriodicWork } from '../periodic.js';
import { nextRun } from './next-run.js';
import { type Claim, ScheduleClaims } from './schedule-claims.js';
import { ScheduleMetrics } from './schedule-metrics.js';
import type { Fired } from './schedule-target.js';
import { ScheduleTargets } from './schedule-targets.js';

/** Milliseconds that a target gets inside the transaction, and again after it. */
const DEADLINE_MS = 10_000;
/** Slots that are fired before what is left to do after their commits is waited for. */
const BATCH = 100;

/**
 * Fires what is due, each slot exactly once whatever number of replicas do this.
 *
 * 1. A transaction locks one row that is due, and passes over those that others have locked.
 * 2. It asks the target, which writes its own rows through the same transaction.
 * 3. It moves the row on to its next slot, and commits: all of this has happened, or nothing.
 * 4. After the commit the target does the rest, e.g. enqueues. That can be lost; a rescuer of the target makes up.
 *
 * Whoever dies before 3 loses its locks with its connection, and another replica finds the row as it was.
 */
@Injectable()
@Periodic({ name: 'fire-schedules', everyMs: 1000 })
export class ScheduleRunner implements PeriodicWork, BeforeApplicationShutdown {
  private readonly logger = new Logger(ScheduleRunner.name);
  private stopping = false;

  constructor(
    private readonly transactions: Transactions,
    private readonly units: WorkUnits,
    private readonly claims: ScheduleClaims,
    private readonly targets: ScheduleTargets,
    private readonly metrics: ScheduleMetrics,
  ) {}

  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  /** @param at the time that it is; by default PostgreSQL's. */
  async runOnce(at?: Date): Promise<void> {
    let fired: number;
    do {
      const rest: Promise<void>[] = [];
      try {
        fired = await this.fireBatch(rest, at);
      } finally {
        await Promise.all(rest);
      }
    } while (fired === BATCH && !this.stopping);
  }

  private async fireBatch(rest: Promise<void>[], at?: Date): Promise<number> {
    let fired = 0;
    while (fired < BATCH && !this.stopping) {
      const result = await this.units.run('periodic', 'fire-schedule', () => this.fireNext(at));
      if (!result) break;
      fired++;
      if (result.afterCommit) rest.push(this.finish(result.afterCommit));
    }
    return fired;
  }

  /** @returns what the target said; nothing of that when it threw; `undefined` when nothing is due. */
  private async fireNext(at?: Date): Promise<Partial<Fired> | undefined> {
    let claim: Claim | undefined;
    try {
      const result = await this.transactions.run(async (manager) => {
        claim =
          (await this.claims.claim(manager, 'due', at)) ?? (await this.claims.claim(manager, 'waiting', at));
        return claim && this.fire(claim, manager);
      });
      if (claim && result) this.report(claim, result);
      return result;
    } catch (error) {
      // Without a claim it is the database that failed: the next tick asks it again.
      if (!claim) throw error;
      this.metrics.errors.inc({ step: 'fire' });
      this.logger.error(
        { err: error, schedule: claim.name, slot: claim.slot },
        'slot failed; it is tried again',
      );
      await this.claims.postpone(claim);
      return {};
    }
  }

  private async fire(claim: Claim, manager: EntityManager): Promise<Fired> {
    const { id, payload, overlap, slot, now } = claim;
    const next = claim.kind === 'due' ? nextRun(claim, now, slot) : undefined;
    const asked = { scheduleId: id, payload, overlap, scheduledFor: slot };
    const fired = await withDeadline(this.targets.get(claim.target).fire(asked, manager), DEADLINE_MS);
    if (next) await this.claims.settleDue(manager, claim, fired.outcome, next);
    else await this.claims.settleWaiting(manager, claim, fired.outcome);
    return fired;
  }

  private report(claim: Claim, { outcome }: Fired): void {
    if (claim.kind === 'due') {
      this.metrics.lag.observe(Math.max(0, (claim.now.getTime() - claim.dueAt.getTime()) / 1000));
      // At most one waits: the slot that did has had its chance.
      if (claim.waitingSlot) this.metrics.fired.inc({ outcome: 'skipped' });
    } else if (outcome === 'waiting') {
      return;
    }
    this.metrics.fired.inc({ outcome });
    this.logger.log({ schedule: claim.name, slot: claim.slot, outcome }, 'slot of a schedule');
  }

  private async finish(afterCommit: () => Promise<void>): Promise<void> {
    try {
      await withDeadline(afterCommit(), DEADLINE_MS);
    } catch (error) {
      this.metrics.errors.inc({ step: 'after_commit' });
      this.logger.warn(
        { err: error },
        'a slot has fired, but what comes after was not done; the target makes up',
      );
    }
  }
}
