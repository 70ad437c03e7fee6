import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

/** Until when nobody is told of some alerts. */
@Entity('alert_silence')
@Index('ix_alert_silence_ends_at', ['endsAt'])
@Check('ck_alert_silence_labels', 'octet_length(labels::text) <= 4096')
export class AlertSilence {
  @PrimaryColumn('uuid')
  id!: string;

  /** Alerts of this rule; null: of all. */
  @Column('text', { nullable: true })
  rule!: string | null;

  /** Those of them that have all of these labels. */
  @Column('jsonb')
  labels!: Record<string, string>;

  @Column('text')
  reason!: string;

  /** The key that it was made with, or `command line`. */
  @Column('text')
  createdBy!: string;

  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  endsAt!: Date;
}
