import {
  Column,
  CreateDateColumn,
  Entity,
  ForeignKey,
  Index,
  PrimaryGeneratedColumn,
  UpdateDateColumn,
} from 'typeorm';
import { bigintTransformer } from '../../../core/database/index.js';
import { Source } from '../../sources/index.js';
import { Author } from './author.entity.js';

@Entity('quote')
@Index('uq_quote_source_id_text_hash', ['sourceId', 'textHash'], { unique: true })
@Index('ix_quote_created_at', ['createdAt', 'id'])
@Index('ix_quote_source_id_created_at', ['sourceId', 'createdAt', 'id'])
@Index('ix_quote_author_id_created_at', ['authorId', 'createdAt', 'id'])
@Index('ix_quote_author_id_last_scraped', ['authorId', 'lastScraped'])
// A GIN index, which only the migration can describe.
@Index('ix_quote_search', { synchronize: false })
export class Quote {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: number;

  @ForeignKey(() => Source, { onDelete: 'RESTRICT' })
  @Column('integer')
  sourceId!: number;

  @ForeignKey(() => Author, { onDelete: 'RESTRICT' })
  @Column('bigint', { transformer: bigintTransformer })
  authorId!: number;

  /** Without the quotation marks around it. */
  @Column('text')
  text!: string;

  /** SHA-256 of the normalised text: what makes a quote the same quote. */
  @Column('bytea')
  textHash!: Buffer;

  /** Names of the tags in the order of the site: what quote_tag has, where it can be read without looking further. */
  @Column('text', { array: true, default: () => "'{}'" })
  tags!: string[];

  /** The words of the text; a trigger keeps it. */
  @Column({ type: 'tsvector', default: '', select: false, insert: false, update: false })
  readonly search!: string;

  /** First scraped. */
  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  /** Last changed. */
  @UpdateDateColumn({ type: 'timestamptz', precision: 3 })
  updatedAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  lastScraped!: Date;

  /** How many runs have found it. */
  @Column('integer', { default: 1 })
  scrapedCount!: number;

  /** The last run that found it: a run counts once, also when a crash makes it store a page twice. */
  @Column('uuid')
  lastRunId!: string;
}
