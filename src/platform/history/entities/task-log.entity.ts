import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import { Task } from './task.entity.js';

/** A line that a task has written to its own log. */
@Entity('task_log')
@Index('ix_task_log_task_id', ['taskId', 'id'])
export class TaskLog {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: number;

  @ForeignKey(() => Task, { onDelete: 'CASCADE' })
  @Column({ type: 'text', collation: 'C' })
  taskId!: string;

  @Column('integer')
  start!: number;

  @Column({ type: 'timestamptz', precision: 3 })
  at!: Date;

  @Column('text')
  message!: string;

  @Column('jsonb', { nullable: true })
  fields!: Record<string, unknown> | null;
}
