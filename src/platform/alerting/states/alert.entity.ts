import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { AlertSeverity } from '../rules/rule.js';

/**
 * `pending`: its condition holds, but not for long enough; `firing`: it is an alert; `resolved`: it was one. What was
 * pending and never fired is forgotten.
 */
export const ALERT_STATES = ['pending', 'firing', 'resolved'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

/** One time in which a rule's condition held for one set of labels. */
@Entity('alert')
@Index('uq_alert_open', ['rule', 'labels'], { unique: true, where: "state <> 'resolved'" })
@Index('ix_alert_pending_since', ['pendingSince', 'id'])
@Index('ix_alert_told', ['rule', 'labels', 'toldAt'], { where: 'told_at IS NOT NULL' })
@Check('ck_alert_state', `state IN ('pending', 'firing', 'resolved')`)
@Check('ck_alert_severity', `severity IN ('info', 'warning', 'critical')`)
export class Alert {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  rule!: string;

  /** What tells this alert from others of its rule. */
  @Column('jsonb')
  labels!: Record<string, string>;

  @Column('text')
  severity!: AlertSeverity;

  @Column('text')
  state!: AlertState;

  /** When it was last looked at while it was open. */
  @Column('double precision')
  value!: number;

  @Column('double precision')
  threshold!: number;

  @Column('text')
  summary!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  pendingSince!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  firingSince!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  resolvedAt!: Date | null;

  /** When somebody was last told that it fires; null while it is silenced, or cools down. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  toldAt!: Date | null;
}

/** An alert as it is read and written. */
export type AlertRow = Pick<Alert, keyof Alert>;
