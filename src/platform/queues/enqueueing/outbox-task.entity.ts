import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';
import type { QueueName } from '../bull/queue-names.js';
import type { TaskEnvelope } from '../tasks/task-envelope.js';
import type { RawTask } from '../tasks/raw-task.js';

/** A task that is to be put on its queue: its transaction has committed, or Redis was away. */
@Entity('task_outbox')
@Index('ix_task_outbox_created_at', ['createdAt'])
export class OutboxTask {
  @PrimaryColumn('text')
  id!: string;

  @Column('text')
  name!: string;

  @Column('text')
  queue!: QueueName;

  /** As text, unlike jsonb, which refuses U+0000. */
  @Column('json')
  envelope!: TaskEnvelope;

  @Column('json')
  options!: Pick<RawTask, 'maxAttempts' | 'backoff' | 'critical'>;

  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;
}
