import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/**
 * What becomes of a slot while the work of an earlier one is not done: it is skipped, waits for it (the latest such
 * slot only), or takes its place.
 */
export const OVERLAPS = ['skip', 'queue', 'replace'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** What a target can say of a slot. */
export const SLOT_OUTCOMES = ['fired', 'skipped', 'waiting', 'replaced'] as const;
export type SlotOutcome = (typeof SLOT_OUTCOMES)[number];

/** `failed`: the target threw; the slot is tried again. */
export const OUTCOMES = [...SLOT_OUTCOMES, 'failed'] as const;

/** Work that begins by itself at the times of a cron pattern. */
@Entity('schedule')
@Index('uq_schedule_name', ['name'], { unique: true })
@Index('ix_schedule_next_run_at', ['nextRunAt'], { where: 'enabled' })
@Index('ix_schedule_ask_again_at', ['askAgainAt'], { where: 'ask_again_at IS NOT NULL' })
@Check('ck_schedule_jitter_seconds', 'jitter_seconds BETWEEN 0 AND 3600')
@Check('ck_schedule_overlap', `overlap IN ('skip', 'queue', 'replace')`)
@Check('ck_schedule_payload', 'octet_length(payload::text) <= 4096')
@Check('ck_schedule_enabled', 'enabled = (next_run_at IS NOT NULL) AND enabled = (next_slot IS NOT NULL)')
export class Schedule {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;

  /** Name of the `@ScheduleTarget` that it fires. */
  @Column('text')
  target!: string;

  /** What the target gets: ids rather than documents. */
  @Column('jsonb')
  payload!: object;

  @Column('text')
  cron!: string;

  @Column('text')
  timeZone!: string;

  @Column('integer')
  jitterSeconds!: number;

  @Column('text')
  overlap!: Overlap;

  @Column('boolean')
  enabled!: boolean;

  /** The time of the pattern that comes next; null when it is not enabled. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  nextSlot!: Date | null;

  /** When that slot is due: with its jitter, or later when the target threw. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  nextRunAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  lastSlot!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  lastRunAt!: Date | null;

  @Column('text', { nullable: true })
  lastOutcome!: (typeof OUTCOMES)[number] | null;

  /** The one slot whose turn has come, and which waits until the work of an earlier one is done. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  waitingSlot!: Date | null;

  /** When the target is asked again about the slot that waits. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  askAgainAt!: Date | null;

  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  /** When somebody last put it; firing does not change this. */
  @UpdateDateColumn({ type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
