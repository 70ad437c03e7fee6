import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type Page, toPage } from '../../../core/http/index.js';
import { ReadCache } from '../../../platform/caching/index.js';
import { QUOTES_CACHE } from '../quotes-cache.js';
import type { TagDto } from './quote.dto.js';

/** Tags, by name, each with the number of its quotes. */
@Injectable()
export class TagReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly cache: ReadCache,
  ) {}

  async list(limit: number, afterName = ''): Promise<Page<TagDto>> {
    return this.cache.getOrFetch(QUOTES_CACHE, `tags:${limit}:${afterName}`, async () => {
      const rows: TagDto[] = await this.dataSource.query(
        `SELECT t.name, (SELECT count(*)::int FROM quote_tag qt WHERE qt.tag_id = t.id) AS "quoteCount"
         FROM tag t WHERE t.name > $1 ORDER BY t.name LIMIT $2`,
        [afterName, limit + 1],
      );
      return toPage(
        rows,
        limit,
        (row) => [row.name],
        (row) => row,
      );
    });
  }
}
