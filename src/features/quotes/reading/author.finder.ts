import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { NotFoundError } from '../../../core/errors/index.js';
import { type Page, toPage } from '../../../core/http/index.js';
import type { AuthorDto } from './quote.dto.js';

// The date as text: as a Date it would move with the time zone of the process.
const SELECT_AUTHORS = `
SELECT a.slug, a.name, a.born_on::text AS "bornOn", a.born_location AS "bornLocation", a.description,
  coalesce((SELECT quotes FROM author_quote_count WHERE author_id = a.id), 0)::int AS "quoteCount"
FROM author a`;

/** Finds authors in PostgreSQL. */
@Injectable()
export class AuthorFinder {
  constructor(private readonly dataSource: DataSource) {}

  /** Authors, by slug. */
  async list(limit: number, afterSlug = ''): Promise<Page<AuthorDto>> {
    const rows: AuthorDto[] = await this.dataSource.query(
      `${SELECT_AUTHORS} WHERE a.slug > $1 ORDER BY a.slug LIMIT $2`,
      [afterSlug, limit + 1],
    );
    return toPage(
      rows,
      limit,
      (row) => [row.slug],
      (row) => row,
    );
  }

  /** @throws NotFoundError */
  async get(slug: string): Promise<AuthorDto> {
    const rows: AuthorDto[] = await this.dataSource.query(`${SELECT_AUTHORS} WHERE a.slug = $1`, [slug]);
    if (!rows[0]) throw new NotFoundError('author', slug);
    return rows[0];
  }
}
