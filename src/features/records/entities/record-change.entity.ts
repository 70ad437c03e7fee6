import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import { bigintTransformer } from '../../../core/database/index.js';
import type { JsonValue } from '../record-item.js';
import { ScrapedRecord } from './scraped-record.entity.js';

/** What one run changed of a record, for kinds whose declaration asks for a history. */
@Entity('record_change')
@Index('uq_record_change_record_id_run_id', ['recordId', 'runId'], { unique: true })
export class RecordChange {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: number;

  @ForeignKey(() => ScrapedRecord, { onDelete: 'CASCADE' })
  @Column('bigint', { transformer: bigintTransformer })
  recordId!: number;

  @Column('uuid')
  runId!: string;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  changedAt!: Date;

  /** The fields that changed, as they were; without those that were not known before. */
  @Column('jsonb')
  before!: Record<string, JsonValue>;

  /** The same fields as they are since. */
  @Column('jsonb')
  after!: Record<string, JsonValue>;
}
