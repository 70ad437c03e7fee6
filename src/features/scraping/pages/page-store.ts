import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { PageMemory } from '../crawling/outcome.js';

/** What is known of pages from earlier runs. */
@Injectable()
export class PageStore {
  constructor(private readonly dataSource: DataSource) {}

  /** In the caller's transaction. Rows that would stay as they are are not written. */
  async remember(
    manager: EntityManager,
    sourceId: number,
    pages: readonly { fingerprint: string; page: PageMemory }[],
  ): Promise<void> {
    if (pages.length === 0) return;
    await manager.query(REMEMBER, [
      sourceId,
      pages.map(({ fingerprint }) => fingerprint),
      pages.map(({ page }) => page.itemCount),
      pages.map(({ page }) => page.url),
      pages.map(({ page }) => page.etag),
      pages.map(({ page }) => page.lastModified),
      pages.map(({ page }) => page.version),
      pages.map(({ page }) => page.outputs),
    ]);
  }

  /** JSON of what the page gave when it was last read; `undefined` when that is not kept any more. */
  async outputsOf(sourceId: number, fingerprint: string): Promise<string | undefined> {
    const rows: { outputs: string | null }[] = await this.dataSource.query(
      `SELECT outputs FROM page WHERE source_id = $1 AND fingerprint = decode($2, 'hex')`,
      [sourceId, fingerprint],
    );
    return rows[0]?.outputs ?? undefined;
  }
}

const REMEMBER = `
INSERT INTO page AS p (source_id, fingerprint, item_count, url, etag, last_modified, version, outputs, seen_on)
SELECT $1, fingerprint, item_count, url, etag, last_modified, version, outputs, current_date FROM (
  SELECT decode(fingerprint, 'hex') AS fingerprint, item_count, url, etag, last_modified, version, outputs
  FROM unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS input (fingerprint, item_count, url, etag, last_modified, version, outputs)
) AS decoded ORDER BY fingerprint
ON CONFLICT (source_id, fingerprint) DO UPDATE SET item_count = excluded.item_count, url = excluded.url,
  etag = excluded.etag, last_modified = excluded.last_modified, version = excluded.version,
  outputs = excluded.outputs, seen_on = excluded.seen_on
WHERE (p.item_count, p.url, p.etag, p.last_modified, p.version, p.outputs, p.seen_on) IS DISTINCT FROM
  (excluded.item_count, excluded.url, excluded.etag, excluded.last_modified, excluded.version, excluded.outputs,
   excluded.seen_on)`;
