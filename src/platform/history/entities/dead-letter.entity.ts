import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { QueueName, TaskEnvelope } from '../../queues/index.js';

/** How a task is tried again; what its envelope does not say. */
export interface LetterOptions {
  readonly maxAttempts: number;
  readonly backoff: { readonly baseMs: number; readonly maxMs: number };
}

/** A task that failed for good, with all that is needed to put it on its queue again. */
@Entity('dead_letter')
@Index('ix_dead_letter_failed_at', ['failedAt', 'taskId'])
@Index('ix_dead_letter_fingerprint', ['fingerprint', 'failedAt', 'taskId'])
@Index('ix_dead_letter_name', ['name', 'failedAt', 'taskId'])
@Index('ix_dead_letter_unrepeated', ['queue'], { where: 'replayed_at IS NULL' })
export class DeadLetter {
  @PrimaryColumn({ type: 'text', collation: 'C' })
  taskId!: string;

  @Column('text')
  name!: string;

  @Column('text')
  queue!: QueueName;

  /** As it was on the queue; its payload holds whatever was sent, secrets included. */
  @Column('json')
  envelope!: TaskEnvelope;

  /** The payload as people see it: without secrets, and cut. */
  @Column('jsonb')
  args!: unknown;

  @Column('smallint')
  attempts!: number;

  @Column('json')
  options!: LetterOptions;

  @Column('text')
  errorClass!: string;

  @Column('text', { nullable: true })
  errorCode!: string | null;

  @Column('text')
  errorMessage!: string;

  @Column('text', { nullable: true })
  trace!: string | null;

  /** Equal for errors that differ only in ids, numbers and quoted text. */
  @Column('text')
  fingerprint!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  failedAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  replayedAt!: Date | null;

  /** The task that repeats it. */
  @Column('text', { nullable: true })
  replayId!: string | null;
}
