import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { NotFoundError } from '../../../core/errors/index.js';
import { type Page, toPage } from '../../../core/http/index.js';
import type { QuoteDto } from './quote.dto.js';

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

const SELECT_QUOTES = `
SELECT q.id, q.text, jsonb_build_object('slug', a.slug, 'name', a.name) AS author, s.slug AS source,
  array(SELECT t.name FROM quote_tag qt JOIN tag t ON t.id = qt.tag_id WHERE qt.quote_id = q.id ORDER BY qt.position) AS tags,
  q.created_at AS "firstScraped", q.last_scraped AS "lastScraped", q.scraped_count AS "scrapedCount"
FROM quote q JOIN author a ON a.id = q.author_id JOIN source s ON s.id = q.source_id`;

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

  /** Quotes, the newest first. */
  async list({ limit, cursor, author, tag, source, q }: QuoteFilter): Promise<Page<QuoteDto>> {
    const values: unknown[] = [];
    const bind = (value: unknown): string => `$${values.push(value)}`;
    // Only the conditions asked for, so that each combination gets a plan and an index of its own.
    const conditions: string[] = [];
    if (author !== undefined)
      conditions.push(`q.author_id = (SELECT id FROM author WHERE slug = ${bind(author)})`);
    if (source !== undefined)
      conditions.push(`q.source_id = (SELECT id FROM source WHERE slug = ${bind(source)})`);
    if (tag !== undefined) {
      conditions.push(
        `q.id IN (SELECT quote_id FROM quote_tag WHERE tag_id = (SELECT id FROM tag WHERE name = ${bind(tag)}))`,
      );
    }
    if (q !== undefined)
      conditions.push(`to_tsvector('english', q.text) @@ websearch_to_tsquery('english', ${bind(q)})`);
    if (cursor)
      conditions.push(`(q.created_at, q.id) < (${bind(cursor[0])}::timestamptz, ${bind(cursor[1])}::bigint)`);
    const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
    const rows: QuoteRow[] = await this.dataSource.query(
      `${SELECT_QUOTES} ${where} ORDER BY q.created_at DESC, q.id DESC LIMIT ${bind(limit + 1)}`,
      values,
    );
    return toPage(rows, limit, (row) => [row.firstScraped.toISOString(), Number(row.id)], toQuoteDto);
  }
}

function toQuoteDto(row: QuoteRow): QuoteDto {
  return {
    ...row,
    id: Number(row.id),
    firstScraped: row.firstScraped.toISOString(),
    lastScraped: row.lastScraped.toISOString(),
  };
}
