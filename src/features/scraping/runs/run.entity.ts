import {
  Column,
  CreateDateColumn,
  Entity,
  ForeignKey,
  Index,
  PrimaryColumn,
  UpdateDateColumn,
} from 'typeorm';
import { Source } from '../../sources/index.js';
import type { RunStats } from './run-stats.js';

export const RUN_STATUSES = ['pending', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/**
 * Why a run ended, in Scrapy's words where it has one. `circuit_open`: its time was over while its hosts were down.
 * A worker that shuts down ends no run: others go on with it.
 */
export const FINISH_REASONS = [
  'finished',
  'closespider_pagecount',
  'closespider_itemcount',
  'closespider_errorcount',
  'closespider_timeout',
  'circuit_open',
  'suspicious',
  'cancelled',
  'error',
] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

export const RUN_TRIGGERS = ['api', 'schedule'] as const;
export type RunTrigger = (typeof RUN_TRIGGERS)[number];

/** Why a run waits for its hosts. */
export const POSTPONE_REASONS = ['circuit_open', 'retry_after', 'robots_unreachable'] as const;
export type PostponeReason = (typeof POSTPONE_REASONS)[number];

/** A page that was given up. */
export interface PageFailure {
  url: string;
  /** `code` of the error. */
  code: string;
  message: string;
}

/** Something about a run that is not as it used to be. */
export interface Suspicion {
  /** What is suspicious, e.g. `few_items`. */
  kind: string;
  /** For people: what was found, and what was expected. */
  message: string;
}

/** One scrape of a source, from the wish for it to its end. */
@Entity('run')
@Index('ix_run_created_at', ['createdAt', 'id'])
@Index('ix_run_source_id_created_at', ['sourceId', 'createdAt', 'id'])
@Index('ix_run_status_created_at', ['status', 'createdAt', 'id'])
@Index('ix_run_source_id_status_created_at', ['sourceId', 'status', 'createdAt', 'id'])
// Makes "one run of a source at a time" true whatever number of processes ask for one.
@Index('uq_run_source_id_active', ['sourceId'], { unique: true, where: `status IN ('pending', 'running')` })
export class Run {
  @PrimaryColumn('uuid')
  id!: string;

  @ForeignKey(() => Source, { onDelete: 'CASCADE' })
  @Column('integer')
  sourceId!: number;

  @Column('text')
  trigger!: RunTrigger;

  /** Of the request or task that asked for it, see `Correlation`; null of runs from before it was kept. */
  @Column('text', { nullable: true })
  correlationId!: string | null;

  @Column('text')
  status!: RunStatus;

  @Column('text', { nullable: true })
  finishReason!: FinishReason | null;

  /** How many times it has been begun or resumed; the number fences writes from before. */
  @Column('integer', { default: 0 })
  attempt!: number;

  /** Requests of the frontier that have not ended. Whoever brings it to 0 ends the run, which so happens once. */
  @Column('integer', { default: 0 })
  openRequests!: number;

  /** Pages that may still be leased under `maxPages`. */
  @Column('integer', { default: 0 })
  pagesLeft!: number;

  @Column('jsonb')
  stats!: RunStats;

  /** How many items had a value in each field: what drift is seen by. */
  @Column('jsonb', { default: {} })
  fields!: Record<string, number>;

  @Column('jsonb', { default: [] })
  suspicions!: Suspicion[];

  /** Pages that were given up, at most the first 100. */
  @Column('jsonb')
  failures!: PageFailure[];

  /** Why the whole run failed. */
  @Column('text', { nullable: true })
  error!: string | null;

  /** Until when nothing can be fetched, because every host with something to fetch is closed. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  postponedUntil!: Date | null;

  @Column('text', { nullable: true })
  postponedReason!: PostponeReason | null;

  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  startedAt!: Date | null;

  /** When it was begun or last resumed: its duration is counted from here. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  activeSince!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  finishedAt!: Date | null;

  /** Also the sign of life of a running run. */
  @UpdateDateColumn({ type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
