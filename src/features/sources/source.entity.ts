import { Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';

/** How hard a site may be asked. */
export interface Politeness {
  /** Milliseconds between the starts of two requests of a run (Scrapy's DOWNLOAD_DELAY). */
  downloadDelayMs: number;
  /** Requests of a run under way at once (Scrapy's CONCURRENT_REQUESTS_PER_DOMAIN). */
  concurrentRequests: number;
}

/** A web site and how to read it. */
@Entity('source')
@Index('uq_source_slug', ['slug'], { unique: true })
export class Source {
  @PrimaryGeneratedColumn('identity', { type: 'integer', generatedIdentity: 'ALWAYS' })
  id!: number;

  @Column('text')
  slug!: string;

  @Column('text')
  name!: string;

  /** Name of the spider, in code, that reads it. */
  @Column('text')
  spider!: string;

  @Column('text')
  startUrl!: string;

  @Column('jsonb')
  politeness!: Politeness;

  @Column('boolean', { default: true })
  enabled!: boolean;

  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
