import { Check, Column, Entity, Index, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** `scheduled` waits for its time or for a rate limit, `retry` for its next attempt. */
export const OPEN_STATES = ['pending', 'received', 'scheduled', 'active', 'retry'] as const;
/** Nothing follows these. */
export const FINAL_STATES = ['succeeded', 'failed', 'revoked', 'expired'] as const;
export const TASK_STATES = [...OPEN_STATES, ...FINAL_STATES] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** What is known of one task, from when it was sent on; nothing waits for this table, so it is some 200 ms behind. */
@Entity('task')
@Index('ix_task_enqueued_at', ['enqueuedAt', 'id'])
@Index('ix_task_state', ['state', 'enqueuedAt', 'id'])
@Index('ix_task_name', ['name', 'enqueuedAt', 'id'])
@Index('ix_task_worker', ['worker', 'enqueuedAt', 'id'], { where: 'worker IS NOT NULL' })
@Index('ix_task_finished_at', ['finishedAt', 'id'], { where: 'finished_at IS NOT NULL' })
@Index('ix_task_error', ['enqueuedAt', 'id'], { where: 'error_class IS NOT NULL' })
@Index('ix_task_slow', ['enqueuedAt', 'id'], { where: 'runtime_ms >= 1000' })
@Index('ix_task_root_id', ['rootId'], { where: 'root_id IS NOT NULL' })
@Index('ix_task_parent_id', ['parentId'], { where: 'parent_id IS NOT NULL' })
@Index('ix_task_correlation_id', ['correlationId'], { where: 'correlation_id IS NOT NULL' })
@Index('ix_task_retry_of', ['retryOf'], { where: 'retry_of IS NOT NULL' })
// GIN with jsonb_path_ops, which a decorator cannot say: the migration made it.
@Index('ix_task_args', { synchronize: false })
@Check(
  'ck_task_state',
  `state IN ('pending', 'received', 'scheduled', 'active', 'retry', 'succeeded', 'failed', 'revoked', 'expired')`,
)
export class Task {
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column('text')
  name!: string;

  @Column('text')
  queue!: string;

  @Column('text')
  state!: TaskState;

  /** Which of two processes knows more: see `Seq`. */
  @Column('integer')
  seq!: number;

  @Column('smallint')
  version!: number;

  /** As people see it: without secrets, and cut. */
  @Column('jsonb')
  args!: unknown;

  /** As it is repeated; null when it is the same. Holds whatever was sent, secrets included: read only where it is asked for. */
  @Column('json', { nullable: true, select: false })
  payload?: unknown;

  /** As people see it, like `args`. */
  @Column('jsonb', { nullable: true })
  result!: unknown;

  @Column('jsonb', { nullable: true })
  progress!: { done: number; total?: number; message?: string } | null;

  /** The latest one, 1 for the first; 0 before it. */
  @Column('smallint', { default: 0 })
  attempt!: number;

  @Column('smallint')
  maxAttempts!: number;

  /** How often it was begun: more often than it was attempted, when workers died or gave it back. */
  @Column('integer', { default: 0 })
  starts!: number;

  @Column('boolean', { default: false })
  critical!: boolean;

  /** The latest one that had it. */
  @Column('text', { nullable: true })
  worker!: string | null;

  /** Of the latest attempt that failed; null once it has succeeded. */
  @Column('text', { nullable: true })
  errorClass!: string | null;

  @Column('text', { nullable: true })
  errorCode!: string | null;

  @Column('text', { nullable: true })
  errorMessage!: string | null;

  /** Equal for errors that differ only in ids, numbers and quoted text. */
  @Column('text', { nullable: true })
  fingerprint!: string | null;

  @Column('text', { nullable: true })
  correlationId!: string | null;

  @Column('text', { nullable: true })
  requestId!: string | null;

  @Column('text', { nullable: true })
  parentId!: string | null;

  @Column('text', { nullable: true })
  rootId!: string | null;

  /** The task that this one repeats. */
  @Column('text', { nullable: true })
  retryOf!: string | null;

  @Column({ type: 'timestamptz', precision: 3 })
  enqueuedAt!: Date;

  /** Not begun before: as it was asked for, or the next attempt. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  eta!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  expiresAt!: Date | null;

  /** Of the latest attempt. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  startedAt!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  finishedAt!: Date | null;

  /** Of the latest attempt that ended. */
  @Column('integer', { nullable: true })
  runtimeMs!: number | null;

  @UpdateDateColumn({ type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
