import { randomUUID } from 'node:crypto';
import type { DataSource, EntityManager, Repository } from 'typeorm';
import { compiled, openApplication } from './application.ts';

/** A quote as the spider hands it on. */
export interface Quote {
  text: string;
  authorSlug: string;
  tags: readonly string[];
}

/** The two ways in which the application could store quotes. */
export interface QuotesStore {
  /** The pipeline of a scrape, batch by batch, each in a transaction. @returns how many were new. */
  inBulk(quotes: readonly Quote[], batchSize: number): Promise<number>;
  /** The entities, one `save` after another, as an ORM invites one to. @param ids of the rows that they refer to. */
  oneByOne(quotes: readonly Quote[], ids: StoredIds): Promise<void>;
  /** The key of a quote, in hex. */
  hash(text: string): string;
}

export interface StoredIds {
  author(slug: string): string;
  tag(name: string): number;
}

interface Pipeline {
  store: (items: readonly object[], context: object, manager: EntityManager) => Promise<{ inserted: number }>;
}

type Entity = new () => object;

/** @param env of a database with one source, whose id is 1. */
export async function openQuotesStore(
  env: Readonly<Record<string, string>>,
  stack: AsyncDisposableStack,
): Promise<QuotesStore> {
  const app = stack.use(await openApplication('worker', env));
  // The class that the application injects: node_modules has only one.
  const { DataSource: Connection } = await import('typeorm');
  const dataSource = app.get(Connection) as DataSource;
  const { QuotesPipeline } = await compiled<{ QuotesPipeline: new () => Pipeline }>(
    'features/quotes/scraping/quotes.pipeline.js',
  );
  const { quoteHash } = await compiled<{ quoteHash: (text: string) => string }>(
    'features/quotes/scraping/quote-item.js',
  );
  const { Quote, QuoteTag } = await compiled<{ Quote: Entity; QuoteTag: Entity }>('features/quotes/index.js');
  const pipeline = app.get(QuotesPipeline) as Pipeline;
  const quotes = dataSource.getRepository(Quote) as Repository<{ id: string }>;
  const quoteTags = dataSource.getRepository(QuoteTag);
  return {
    hash: quoteHash,
    async inBulk(all, batchSize) {
      const context = { sourceId: 1, runId: randomUUID() };
      let inserted = 0;
      for (let start = 0; start < all.length; start += batchSize) {
        const items = all
          .slice(start, start + batchSize)
          .map((quote) => ({ ...quote, kind: 'quote', authorName: quote.authorSlug }));
        const counts = await dataSource.transaction((manager) => pipeline.store(items, context, manager));
        inserted += counts.inserted;
      }
      return inserted;
    },
    async oneByOne(all, ids) {
      const lastRunId = randomUUID();
      for (const { text, authorSlug, tags } of all) {
        const { id, createdAt } = await quotes.save({
          sourceId: 1,
          authorId: ids.author(authorSlug),
          text,
          textHash: Buffer.from(quoteHash(text), 'hex'),
          tags: [...tags],
          lastRunId,
        } as object as { id: string; createdAt: Date });
        for (const [index, tag] of tags.entries())
          await quoteTags.save({ quoteId: Number(id), tagId: ids.tag(tag), position: index + 1, createdAt });
      }
    },
  };
}
