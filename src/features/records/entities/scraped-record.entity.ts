import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import { Source } from '../../sources/index.js';
import type { JsonValue } from '../record-item.js';

/** What is known of one thing that a declared source yields. */
@Entity('record')
@Index('uq_record_source_id_key_hash', ['sourceId', 'keyHash'], { unique: true })
@Index('ix_record_source_id', ['sourceId', 'id'])
@Index('ix_record_source_id_kind', ['sourceId', 'kind', 'id'])
@Index('ix_record_source_id_last_changed', ['sourceId', 'lastChanged', 'id'])
@Index('ix_record_source_id_kind_last_changed', ['sourceId', 'kind', 'lastChanged', 'id'])
export class ScrapedRecord {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: number;

  @ForeignKey(() => Source, { onDelete: 'CASCADE' })
  @Column('integer')
  sourceId!: number;

  /** As the declaration names it. */
  @Column('text')
  kind!: string;

  /** SHA-256 of kind and key: what makes a record the same record. */
  @Column('bytea')
  keyHash!: Buffer;

  /** JSON array of the values of the key fields. */
  @Column('text')
  key!: string;

  /** Each field that some page has ever given a value; never null, '' or []: what is not there was not found. */
  @Column('jsonb')
  data!: Record<string, JsonValue>;

  /** The page it was last found on. */
  @Column('text')
  url!: string;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  firstSeen!: Date;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  lastSeen!: Date;

  /** When its data last became what it is; at first, when it was found. */
  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  lastChanged!: Date;

  /** The last run that found it: a run counts once, however many of its pages have the record. */
  @Column('uuid')
  lastRunId!: string;

  /** The last run that changed it, or found it first: the pages of one run make one change. */
  @Column('uuid')
  changedRunId!: string;

  /** How many runs have found it. */
  @Column('integer', { default: 1 })
  seenCount!: number;

  /** How many runs have changed it; the one that found it first has not. */
  @Column('integer', { default: 0 })
  changeCount!: number;
}
