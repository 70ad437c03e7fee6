import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type Page, toPage } from '../../../core/http/index.js';
import type { TagDto } from './quote.dto.js';

/** Finds tags in PostgreSQL. */
@Injectable()
export class TagFinder {
  constructor(private readonly dataSource: DataSource) {}

  /** Tags, by name, each with the number of its quotes. */
  async list(limit: number, afterName = ''): Promise<Page<TagDto>> {
    const rows: TagDto[] = await this.dataSource.query(
      `SELECT t.name, coalesce((SELECT quotes FROM tag_quote_count WHERE tag_id = t.id), 0)::int AS "quoteCount"
         FROM tag t WHERE t.name > $1 ORDER BY t.name LIMIT $2`,
      [afterName, limit + 1],
    );
    return toPage(
      rows,
      limit,
      (row) => [row.name],
      (row) => row,
    );
  }
}
