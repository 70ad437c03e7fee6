import { Check, Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import type { AlertMessage } from './message.js';

/** `failed`: given up; nobody tries again. */
export const NOTIFICATION_STATES = ['pending', 'sent', 'failed'] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

/** A message that one channel is to deliver, written in the transaction that changed the state of its alerts. */
@Entity('alert_notification')
@Index('ix_alert_notification_due', ['channel', 'seq'], { where: "state = 'pending'" })
@Index('ix_alert_notification_created_at', ['createdAt'])
@Check('ck_alert_notification_state', `state IN ('pending', 'sent', 'failed')`)
export class AlertNotification {
  /** Messages of one group are delivered in this order. */
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  seq!: number;

  @Column('text')
  channel!: string;

  /** Messages about the same, of which the later must not overtake the earlier. */
  @Column('text')
  groupKey!: string;

  @Column('jsonb')
  message!: AlertMessage;

  @Column('text', { default: 'pending' })
  state!: NotificationState;

  @Column('smallint', { default: 0 })
  attempts!: number;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  nextAttemptAt!: Date;

  @Column('text', { nullable: true })
  lastError!: string | null;

  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  sentAt!: Date | null;
}
