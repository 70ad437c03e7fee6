import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The scheduler that evaluates the rules at the moment. One row. */
@Entity('alert_evaluator')
@Check('ck_alert_evaluator_id', 'id = 1')
export class AlertEvaluatorLease {
  @PrimaryColumn('smallint')
  id!: number;

  /** Its process, which no other ever was. */
  @Column('text')
  holder!: string;

  /** Until when nobody else takes its place. */
  @Column({ type: 'timestamptz', precision: 3 })
  leasedUntil!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  evaluatedAt!: Date | null;
}
