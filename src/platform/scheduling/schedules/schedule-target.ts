import { DiscoveryService } from '@nestjs/core';
import type { EntityManager } from 'typeorm';
import type { Overlap, SlotOutcome } from './schedule.entity.js';

/** What a target is told of the slot that it is asked about. */
export interface Slot {
  readonly scheduleId: string;
  /** As it was put; whoever put it knows its shape. */
  readonly payload: unknown;
  /** The time of the pattern, without jitter. */
  readonly scheduledFor: Date;
  readonly overlap: Overlap;
}

export interface Fired {
  /** `waiting`: not now; asked again every other second until it says something else, or the next slot replaces this. */
  readonly outcome: SlotOutcome;
  /** What is left to do once the rows are there. It may be lost in a crash, so something has to make up for it. */
  readonly afterCommit?: () => Promise<void>;
}

/**
 * Work that schedules set off. The target applies the overlap policy, for only it knows what is still active.
 *
 * `fire` runs inside the transaction that claims the slot, and only writes rows, through the manager: either all of it
 * happens, once for the slot, or nothing does. It may be called again for the same slot when the transaction is
 * repeated, and has to end within ten seconds. What it throws postpones the slot by a minute.
 */
export interface ScheduledWork {
  fire(slot: Slot, manager: EntityManager): Promise<Fired>;
}

/** Declares a provider as a target: `@ScheduleTarget('scrape.source') class X implements ScheduledWork`. */
export const ScheduleTarget = DiscoveryService.createDecorator<string>();
