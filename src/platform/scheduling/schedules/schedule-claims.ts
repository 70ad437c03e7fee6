import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { NextRun, Timing } from './next-run.js';
import type { Overlap, SlotOutcome } from './schedule.entity.js';

/** A slot whose turn has come, and whose row this transaction has locked. */
export interface Claim extends Timing {
  name: string;
  target: string;
  payload: unknown;
  overlap: Overlap;
  /** What the target is asked about. */
  slot: Date;
  /** When it was to be asked. */
  dueAt: Date;
  /** `waiting`: the target has been asked about this slot before. */
  kind: 'due' | 'waiting';
  /** The earlier slot that still waits, and which a due one replaces. */
  waitingSlot: Date | null;
  /** The time that decides. */
  now: Date;
}

/** Seconds after which a target is asked again about a slot that waits. */
const ASK_AGAIN = '2 seconds';
/** A target that throws would do so again at once; an edit of the schedule cuts the wait short. */
const POSTPONE = '1 minute';

const KINDS = {
  due: { slot: 'next_slot', dueAt: 'next_run_at' },
  waiting: { slot: 'waiting_slot', dueAt: 'ask_again_at' },
} as const;

/**
 * The rows of schedules whose turn has come.
 *
 * One clock decides, PostgreSQL's: whether a slot is due, and from when on the next one is looked for. Clocks of
 * replicas differ; one that is ahead would otherwise fire early, and leave to the others slots that have passed.
 */
@Injectable()
export class ScheduleClaims {
  constructor(private readonly dataSource: DataSource) {}

  /** Locks the row that has been due for longest; those that another replica has locked are passed over. */
  async claim(manager: EntityManager, kind: Claim['kind'], at?: Date): Promise<Claim | undefined> {
    const { slot, dueAt } = KINDS[kind];
    const rows: Omit<Claim, 'kind'>[] = await manager.query(
      `SELECT id, name, target, payload, cron, time_zone AS "timeZone", jitter_seconds AS "jitterSeconds", overlap,
         ${slot} AS slot, ${dueAt} AS "dueAt", waiting_slot AS "waitingSlot", coalesce($1::timestamptz, now()) AS now
       FROM schedule WHERE enabled AND ${dueAt} <= coalesce($1::timestamptz, now())
       ORDER BY ${dueAt} LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [at],
    );
    return rows[0] && { ...rows[0], kind };
  }

  /** Writes what has become of a slot that was due, and which one is next. */
  async settleDue(manager: EntityManager, claim: Claim, outcome: SlotOutcome, next: NextRun): Promise<void> {
    await manager.query(
      `UPDATE schedule SET next_slot = $3, next_run_at = $4, last_slot = $5, last_run_at = $6::timestamptz, last_outcome = $2,
         waiting_slot = CASE WHEN $2 = 'waiting' THEN $5::timestamptz END,
         ask_again_at = CASE WHEN $2 = 'waiting' THEN $6::timestamptz + interval '${ASK_AGAIN}' END
       WHERE id = $1`,
      [claim.id, outcome, next.slot, next.runAt, claim.slot, claim.now],
    );
  }

  /** Writes what has become of a slot that waits; while it goes on waiting, nothing but when to ask again. */
  async settleWaiting(manager: EntityManager, claim: Claim, outcome: SlotOutcome): Promise<void> {
    if (outcome === 'waiting') {
      await manager.query(
        `UPDATE schedule SET ask_again_at = $2::timestamptz + interval '${ASK_AGAIN}' WHERE id = $1`,
        [claim.id, claim.now],
      );
      return;
    }
    await manager.query(
      `UPDATE schedule SET waiting_slot = NULL, ask_again_at = NULL,
         last_slot = $3, last_run_at = $4, last_outcome = $2 WHERE id = $1`,
      [claim.id, outcome, claim.slot, claim.now],
    );
  }

  /**
   * Puts a slot off whose target threw, or which could not be claimed. It does nothing when the slot is no longer the
   * one: another replica may have been quicker, or a commit whose answer was lost has happened after all.
   */
  async postpone({ id, slot, kind, now }: Claim): Promise<void> {
    const columns = KINDS[kind];
    await this.dataSource.query(
      `UPDATE schedule SET ${columns.dueAt} = $3::timestamptz + interval '${POSTPONE}', last_outcome = 'failed',
         last_slot = $2, last_run_at = $3
       WHERE id = $1 AND enabled AND ${columns.slot} = $2`,
      [id, slot, now],
    );
  }
}
