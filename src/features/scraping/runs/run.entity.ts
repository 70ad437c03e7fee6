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

export const RUN_STATUSES = ['pending', 'running', 'succeeded', 'failed'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Why a run ended, in Scrapy's words where it has one. */
export const FINISH_REASONS = ['finished', 'suspicious', 'error'] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

export const RUN_TRIGGERS = ['api'] as const;
export type RunTrigger = (typeof RUN_TRIGGERS)[number];

/** A page that was given up. */
export interface PageFailure {
  url: string;
  /** `code` of the error. */
  code: string;
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

  @ForeignKey(() => Source, { onDelete: 'RESTRICT' })
  @Column('integer')
  sourceId!: number;

  @Column('text')
  trigger!: RunTrigger;

  @Column('text')
  status!: RunStatus;

  @Column('text', { nullable: true })
  finishReason!: FinishReason | null;

  /** How many times a worker has begun it; the number fences writes of earlier attempts. */
  @Column('integer', { default: 0 })
  attempt!: number;

  @Column('jsonb')
  stats!: RunStats;

  /** Pages that were given up, at most the first 100. */
  @Column('jsonb')
  failures!: PageFailure[];

  /** Why the whole run failed. */
  @Column('text', { nullable: true })
  error!: string | null;

  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  startedAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  finishedAt!: Date | null;

  /** Also the sign of life of a running run. */
  @UpdateDateColumn({ type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
