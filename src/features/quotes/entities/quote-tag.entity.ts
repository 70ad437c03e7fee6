import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { bigintTransformer } from '../../../core/database/index.js';
import { Quote } from './quote.entity.js';
import { Tag } from './tag.entity.js';

@Entity('quote_tag')
@Index('ix_quote_tag_tag_id_created_at', ['tagId', 'createdAt', 'quoteId'])
export class QuoteTag {
  @ForeignKey(() => Quote, { onDelete: 'CASCADE' })
  @PrimaryColumn('bigint', { transformer: bigintTransformer })
  quoteId!: number;

  @ForeignKey(() => Tag, { onDelete: 'RESTRICT' })
  @PrimaryColumn('integer')
  tagId!: number;

  /** When the quote was first scraped, so that the quotes of a tag can be read in the order of their list. */
  @Column({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  /** Place of the tag at the quote, from 1. */
  @Column('smallint')
  position!: number;
}
