import { Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';

/** Somebody who said something. The slug is the key: names are written in more than one way, even on one site. */
@Entity('author')
@Index('uq_author_slug', ['slug'], { unique: true })
export class Author {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: number;

  @Column('text')
  slug!: string;

  @Column('text')
  name!: string;

  @Column('date', { nullable: true })
  bornOn!: string | null;

  @Column('text', { nullable: true })
  bornLocation!: string | null;

  @Column('text', { nullable: true })
  description!: string | null;

  /** When the author's own page was last read; until then the name is the one that stood at a quote. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  detailsScraped!: Date | null;

  /** The last run that read that page. */
  @Column('uuid', { nullable: true })
  lastRunId!: string | null;

  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
