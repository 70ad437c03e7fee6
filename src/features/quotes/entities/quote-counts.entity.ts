import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { bigintTransformer } from '../../../core/database/index.js';
import { Author } from './author.entity.js';
import { Tag } from './tag.entity.js';

/** How many quotes an author has. Triggers of the database keep it; nobody else writes it. */
@Entity('author_quote_count')
export class AuthorQuoteCount {
  @ForeignKey(() => Author, { onDelete: 'CASCADE' })
  @PrimaryColumn('bigint', { transformer: bigintTransformer })
  authorId!: number;

  @Column('bigint', { transformer: bigintTransformer })
  quotes!: number;
}

/** How many quotes have a tag. Triggers of the database keep it; nobody else writes it. */
@Entity('tag_quote_count')
export class TagQuoteCount {
  @ForeignKey(() => Tag, { onDelete: 'CASCADE' })
  @PrimaryColumn('integer')
  tagId!: number;

  @Column('bigint', { transformer: bigintTransformer })
  quotes!: number;
}
