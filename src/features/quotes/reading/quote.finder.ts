import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { NotFoundError } from '../../../core/errors/index.js';
import { type Page, toPage } from '../../../core/http/index.js';
import type { QuoteDto } from './quote.dto.js';
import { type QuoteListQuery, quoteListStatement, SELECT_QUOTES } from './quote-list.query.js';

export interface QuoteFilter {
  author?: string | undefined;
  tag?: string | undefined;
  source?: string | undefined;
  /** Web-search syntax of PostgreSQL's full-text search. */
  q?: string | undefined;
  limit: number;
  /** Key of the last quote of the page before. */
  cursor?: readonly [createdAt: string, id: number] | undefined;
}

type QuoteRow = Omit<QuoteDto, 'id' | 'firstScraped' | 'lastScraped'> & {
  id: string;
  firstScraped: Date;
  lastScraped: Date;
};

/** The last row of a list may be no quote: it has no text, and its key tells where reading stopped. */
type ListRow = QuoteRow & { id: string | null; text: string | null };

/** Finds quotes in PostgreSQL. */
@Injectable()
export class QuoteFinder {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws NotFoundError */
  async get(id: number): Promise<QuoteDto> {
    const rows: QuoteRow[] = await this.dataSource.query(`${SELECT_QUOTES} WHERE q.id = $1`, [id]);
    if (!rows[0]) throw new NotFoundError('quote', id);
    return toQuoteDto(rows[0]);
  }

  /**
   * Some quote. Ids are taken at random and the next existing one is used, which costs two index
   * look-ups whatever the size of the table; after a gap in the ids a quote is a little more likely.
   * @throws NotFoundError when there is none.
   */
  async random(): Promise<QuoteDto> {
    const rows: QuoteRow[] = await this.dataSource.query(
      `${SELECT_QUOTES} WHERE q.id >= (
         SELECT min + floor(random() * (max - min + 1))::bigint FROM (SELECT min(id), max(id) FROM quote) AS ids
       ) ORDER BY q.id LIMIT 1`,
    );
    if (!rows[0]) throw new NotFoundError('quote', 'random');
    return toQuoteDto(rows[0]);
  }

  /**
   * Quotes, the newest first. Reading is bounded whatever the tables hold (see quote-list.query.ts), so a page may
   * have fewer quotes than asked for although others follow: only `nextCursor` null is the end.
   */
  async list(filter: QuoteFilter): Promise<Page<QuoteDto>> {
    const query = await this.resolve(filter);
    if (query === undefined) return { items: [], nextCursor: null };
    const rows = await this.read(query);
    const last = rows.at(-1);
    if (last === undefined || last.text !== null) return toPage(rows, filter.limit, keyOf, toQuoteDto);
    const items = rows.slice(0, -1).map(toQuoteDto);
    // A page of one with one more to follow: its cursor is the key of the row where reading stopped.
    return { items, nextCursor: toPage([last, last], 1, keyOf, () => null).nextCursor };
  }

  private async read(query: QuoteListQuery): Promise<ListRow[]> {
    const { sql, values } = quoteListStatement(query);
    const rows: ListRow[] = await this.dataSource.query(sql, values);
    const misled = rows.at(-1)?.id === null && query.words;
    return misled ? this.read({ ...query, words: { ...misled, quotes: Infinity } }) : rows;
  }

  /**
   * Ids in place of names, so that the planner sees what it can know about them, and how many quotes each list has.
   * One statement, and one more to ask the planner about words; `undefined` when a name is nobody's.
   */
  private async resolve(filter: QuoteFilter): Promise<QuoteListQuery | undefined> {
    const { author, tag, source, q, limit, cursor } = filter;
    const query: QuoteListQuery = { limit, cursor };
    if (author !== undefined || tag !== undefined || source !== undefined) {
      const values = [author ?? null, tag ?? null, source ?? null];
      const [found] = await this.dataSource.query<[Resolved]>(RESOLVE, values);
      if (author !== undefined) {
        if (found.authorId === null) return undefined;
        query.authorId = { value: found.authorId, quotes: Number(found.authorQuotes) };
      }
      if (tag !== undefined) {
        if (found.tagId === null) return undefined;
        query.tag = { value: { id: found.tagId, name: tag }, quotes: Number(found.tagQuotes) };
      }
      if (source !== undefined) {
        if (found.sourceId === null) return undefined;
        query.sourceId = found.sourceId;
      }
    }
    if (q !== undefined) query.words = { value: q, quotes: await this.estimate(q) };
    return query;
  }

  /** How many quotes match, as far as the statistics tell: asking the index itself would read all of its entries. */
  private async estimate(q: string): Promise<number> {
    const [row] = await this.dataSource.query<[Explained]>(
      `EXPLAIN (FORMAT JSON) SELECT FROM quote WHERE search @@ websearch_to_tsquery('english', $1)`,
      [q],
    );
    return row['QUERY PLAN'][0].Plan['Plan Rows'];
  }
}

interface Explained {
  'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }];
}

interface Resolved {
  authorId: string | null;
  authorQuotes: string | null;
  tagId: string | null;
  tagQuotes: string | null;
  sourceId: string | null;
}

const RESOLVE = `
SELECT a.id AS "authorId", ac.quotes AS "authorQuotes", t.id AS "tagId", tc.quotes AS "tagQuotes", s.id AS "sourceId"
FROM (VALUES (1)) AS one
LEFT JOIN author a ON a.slug = $1 LEFT JOIN author_quote_count ac ON ac.author_id = a.id
LEFT JOIN tag t ON t.name = $2 LEFT JOIN tag_quote_count tc ON tc.tag_id = t.id
LEFT JOIN source s ON s.slug = $3`;

const keyOf = (row: { firstScraped: Date; id: string }): readonly unknown[] => [
  row.firstScraped.toISOString(),
  Number(row.id),
];

function toQuoteDto(row: QuoteRow): QuoteDto {
  return {
    ...row,
    id: Number(row.id),
    firstScraped: row.firstScraped.toISOString(),
    lastScraped: row.lastScraped.toISOString(),
  };
}
