import { Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import type { z } from 'zod';
import type { DeclaredSchedule } from '../../platform/scheduling/index.js';
import { type CrawlLimits, crawlLimitsSchema } from './definition/crawl-limits.js';
import { type CrawlScope, crawlScopeSchema } from './definition/crawl-scope.js';
import type { Extraction } from './definition/extraction.js';
import { type Politeness, politenessSchema } from './definition/politeness.js';

/** Who says what the source is: code when it boots, a file in SOURCES_DIR, or the API. Only that one may change it. */
export const SOURCE_ORIGINS = ['code', 'file', 'api'] as const;
export type SourceOrigin = (typeof SOURCE_ORIGINS)[number];

/** What an older release stored knows nothing of newer settings: the schema adds their defaults. */
const parsedBy = (schema: z.ZodType) => ({
  to: (value: unknown): unknown => value,
  from: (value: unknown): unknown => schema.parse(value),
});

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

  @Column('text', { default: 'code' })
  origin!: SourceOrigin;

  /** Name of the spider that reads it. */
  @Column('text')
  spider!: string;

  @Column('text', { array: true })
  startUrls!: string[];

  @Column('jsonb', { default: {}, transformer: parsedBy(crawlScopeSchema) })
  scope!: CrawlScope;

  @Column('jsonb', { default: {}, transformer: parsedBy(politenessSchema) })
  politeness!: Politeness;

  @Column('jsonb', { default: {}, transformer: parsedBy(crawlLimitsSchema) })
  limits!: CrawlLimits;

  /** What a declared source yields and follows; null when a spider in code knows. Not jsonb: fields have an order. */
  @Column('json', { nullable: true })
  extraction!: Extraction | null;

  /** When it is scraped by itself; SourceSchedules keeps the schedule itself as this says. */
  @Column('jsonb', { nullable: true })
  schedule!: DeclaredSchedule | null;

  @Column('boolean', { default: true })
  enabled!: boolean;

  /** When it was switched off because its file was gone; it is switched on again when the file is back. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  fileGoneAt!: Date | null;

  /** When the last good run ended: how old the data is that can be read. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  dataAsOf!: Date | null;

  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
