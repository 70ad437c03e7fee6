import { Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** `done`: it happened; `refused`: whoever asked may not; `failed`: they may, but it did not happen. */
export type AuditOutcome = 'done' | 'refused' | 'failed';

/** Who did, or tried, what, from where. */
@Entity('audit_entry')
@Index('ix_audit_entry_at', ['at', 'id'])
export class AuditEntry {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
  })
  id!: string;

  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  at!: Date;

  /** E.g. `POST /api/v1/sources/quotes/runs`, `auth.key`, `key.create` or `cli.queues.pause`. */
  @Column('text')
  action!: string;

  /** The key that was proven or, for a failed attempt, whose id was presented. */
  @Column('text', { nullable: true })
  keyId!: string | null;

  /** Address of the client; null for what was done on the command line. */
  @Column('text', { nullable: true })
  address!: string | null;

  @Column('text', { nullable: true })
  requestId!: string | null;

  @Column('text')
  outcome!: AuditOutcome;

  /** Why, or with which status. */
  @Column('text', { nullable: true })
  detail!: string | null;
}
