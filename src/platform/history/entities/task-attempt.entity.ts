import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** `lost`: its worker died or lost the lock, and nothing it did after that was written. */
export type AttemptOutcome = 'succeeded' | 'retry' | 'failed' | 'revoked' | 'returned' | 'lost';

/** One time that a task was begun. */
@Entity('task_attempt')
@Check(
  'ck_task_attempt_outcome',
  `outcome IN ('succeeded', 'retry', 'failed', 'revoked', 'returned', 'lost')`,
)
export class TaskAttempt {
  /** Without a foreign key: see the migration. */
  @PrimaryColumn({ type: 'text', collation: 'C' })
  taskId!: string;

  /** The fencing token: how often the task had been begun, this time included. */
  @PrimaryColumn('integer')
  start!: number;

  @Column('smallint')
  attempt!: number;

  @Column('text')
  worker!: string;

  /** Null while it runs. */
  @Column('text', { nullable: true })
  outcome!: AttemptOutcome | null;

  @Column({ type: 'timestamptz', precision: 3 })
  startedAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  finishedAt!: Date | null;

  @Column('integer', { nullable: true })
  runtimeMs!: number | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  retryAt!: Date | null;

  @Column('text', { nullable: true })
  errorClass!: string | null;

  @Column('text', { nullable: true })
  errorCode!: string | null;

  @Column('text', { nullable: true })
  errorMessage!: string | null;

  @Column('text', { nullable: true })
  trace!: string | null;
}
