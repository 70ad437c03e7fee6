import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Source } from '../../sources/index.js';

/**
 * What is remembered of a page from run to run: how many items it gave, and, where the site says which version it
 * sent, that and what was read from it. A page that has not changed is then answered with 304, and what was read counts
 * again.
 */
@Entity('page')
@Index('ix_page_seen_on', ['seenOn'])
export class Page {
  @ForeignKey(() => Source, { onDelete: 'CASCADE' })
  @PrimaryColumn('integer')
  sourceId!: number;

  /** Of its canonical URL. */
  @PrimaryColumn('bytea')
  fingerprint!: Buffer;

  @Column('integer')
  itemCount!: number;

  /** Which URL answered, after redirects; what follows is its word. */
  @Column('text', { nullable: true })
  url!: string | null;

  @Column('text', { nullable: true })
  etag!: string | null;

  @Column('text', { nullable: true })
  lastModified!: string | null;

  /** Version of the spider that read it: another one might read something else. */
  @Column('text', { nullable: true })
  version!: string | null;

  /** JSON of the items and requests that it gave; text, for nobody looks into it. */
  @Column('text', { nullable: true })
  outputs!: string | null;

  /** The last day on which a run met it; those that none meets any more are forgotten. */
  @Column('date')
  seenOn!: string;
}
