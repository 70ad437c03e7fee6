import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { bigintTransformer } from '../../../core/database/index.js';
import { Run } from '../runs/run.entity.js';

export type RequestState = 'pending' | 'leased' | 'done' | 'failed';

/**
 * One URL of a run: the frontier, and what the run has seen.
 *
 * pending → leased → done | failed, and back to pending when it is to be tried again. A worker leases what it is about
 * to fetch; when it dies the lease runs out, and another worker takes the request. Whoever ends a request must still
 * hold its lease: `leaseToken` is what keeps a worker that was frozen from writing.
 */
@Entity('run_request')
@Index('ix_run_request_pending', ['runId', 'host', 'position'], { where: `state = 'pending'` })
@Index('ix_run_request_leased', ['runId', 'leasedUntil'], { where: `state = 'leased'` })
@Index('ix_run_request_failed', ['runId', 'position'], { where: `state = 'failed'` })
export class RunRequest {
  @ForeignKey(() => Run, { onDelete: 'CASCADE' })
  @PrimaryColumn('uuid')
  runId!: string;

  /** Of the canonical URL: a URL is fetched once in a run. */
  @PrimaryColumn('bytea')
  fingerprint!: Buffer;

  /** The order in which they were found, and are fetched. */
  @Column({
    type: 'bigint',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    transformer: bigintTransformer,
  })
  position!: number;

  /** As it was found, without its fragment. */
  @Column('text')
  url!: string;

  /** What politeness counts by: host name, and port unless it is the default. */
  @Column('text')
  host!: string;

  /** Tells the spider what kind of page it asked for. */
  @Column('text')
  callback!: string;

  /** Links from a start page. */
  @Column('integer')
  depth!: number;

  @Column('text', { default: 'pending' })
  state!: RequestState;

  /** How often it failed in passing. */
  @Column('smallint', { default: 0 })
  tries!: number;

  /** Not to be fetched earlier: the backoff of a retry. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  notBefore!: Date | null;

  @Column('uuid', { nullable: true })
  leaseToken!: string | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  leasedUntil!: Date | null;

  /** `code` of the error that it was given up for. */
  @Column('text', { nullable: true })
  errorCode!: string | null;

  @Column('text', { nullable: true })
  error!: string | null;
}
