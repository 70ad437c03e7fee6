import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Transactions } from '../../../core/database/index.js';
import { type ScrapingConfig, scrapingConfig } from '../scraping.config.js';

/** A run as one attempt at it knows it; another attempt has another number. */
export interface RunKey {
  readonly id: string;
  readonly attempt: number;
}

/** A request on its way into the frontier. */
export interface NewRequest {
  readonly fingerprint: string;
  readonly url: string;
  readonly host: string;
  readonly callback: string;
  readonly depth: number;
}

/** A request that this worker has leased, with what is known of its page from earlier runs. */
export interface LeasedRequest extends NewRequest {
  readonly tries: number;
  readonly page: {
    readonly itemCount: number;
    readonly url: string | null;
    readonly etag: string | null;
    readonly lastModified: string | null;
    readonly version: string | null;
  } | null;
}

/** What a worker asks for. */
export interface Wanted {
  /** Whoever leases: only it can end what it has leased. */
  readonly token: string;
  readonly atMost: number;
  /** Requests of one host at most, so that a host with many does not keep the others waiting. */
  readonly perHost: number;
  /** Hosts of which nothing is wanted. */
  readonly except: readonly string[];
  /** The host that was served last: others come first. */
  readonly after: string;
}

/** What became of asking: requests, or that the run is over for this attempt, or that its time is. */
export type Claim = { readonly requests: LeasedRequest[] } | 'over' | 'late';

/**
 * The requests of runs, in PostgreSQL: shared by all workers, and surviving each of them.
 *
 * Locks are taken in one order by everybody, requests before the run when ending (RunCommit), the run before requests
 * when leasing; the two cannot wait for each other, because leasing skips what is locked.
 */
@Injectable()
export class Frontier {
  constructor(
    private readonly transactions: Transactions,
    @Inject(scrapingConfig.token) private readonly config: Pick<ScrapingConfig, 'leaseMs'>,
  ) {}

  /** Adds what the run does not have yet, each once, however often it is given. @returns the fingerprints of what was added. */
  async add(manager: EntityManager, runId: string, requests: readonly NewRequest[]): Promise<string[]> {
    if (requests.length === 0) return [];
    const rows: { fingerprint: string }[] = await manager.query(ADD, [
      runId,
      requests.map((request) => request.fingerprint),
      requests.map((request) => request.url),
      requests.map((request) => request.host),
      requests.map((request) => request.callback),
      requests.map((request) => request.depth),
    ]);
    return rows.map((row) => row.fingerprint);
  }

  /**
   * Leases requests: first those whose lease has run out, then waiting ones, host by host. As many pages as the run
   * may still fetch, and no more: the run's row is locked meanwhile, and counts them.
   */
  async claim(run: RunKey, wanted: Wanted): Promise<Claim> {
    return this.transactions.run(async (manager) => {
      const [row] = await manager.query<[RunRow | undefined]>(LOCK_RUN, [run.id, run.attempt]);
      if (!row) return 'over';
      if (row.late) return 'late';
      const requests: ClaimedRow[] = await manager.query(CLAIM, [
        run.id,
        wanted.token,
        this.config.leaseMs,
        wanted.except,
        wanted.perHost,
        wanted.atMost,
        row.pagesLeft,
        wanted.after,
        row.sourceId,
      ]);
      const pages = requests.filter((request) => !request.reclaimed).length;
      if (pages > 0) await manager.query(COUNT_PAGES, [run.id, pages]);
      return { requests: requests.map(toLeased) };
    });
  }

  /** Makes the leases of this worker last from now. */
  async extend(run: RunKey, token: string): Promise<void> {
    await this.transactions.run(async (manager) => {
      await manager.query(
        `UPDATE run_request SET leased_until = now() + $3 * interval '1 ms'
         WHERE run_id = $1 AND lease_token = $2 AND state = 'leased'`,
        [run.id, token, this.config.leaseMs],
      );
    });
  }
}

interface RunRow {
  sourceId: number;
  pagesLeft: number;
  late: boolean;
}

interface ClaimedRow extends NewRequest {
  tries: number;
  reclaimed: boolean;
  itemCount: number | null;
  pageUrl: string | null;
  etag: string | null;
  lastModified: string | null;
  version: string | null;
}

function toLeased(row: ClaimedRow): LeasedRequest {
  const { fingerprint, url, host, callback, depth, tries } = row;
  const { itemCount, pageUrl, etag, lastModified, version } = row;
  const page = itemCount === null ? null : { itemCount, url: pageUrl, etag, lastModified, version };
  return { fingerprint, url, host, callback, depth, tries, page };
}

/**
 * Numbered in the order in which they were found, written in the order of the key: two workers that find the same
 * links wait for each other in one direction only.
 */
const ADD = `
INSERT INTO run_request (run_id, fingerprint, position, url, host, callback, depth)
OVERRIDING SYSTEM VALUE
SELECT $1, fingerprint, position, url, host, callback, depth FROM (
  SELECT decode(fingerprint, 'hex') AS fingerprint, nextval('run_request_position_seq') AS position, url, host,
    callback, depth
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int[])
    AS input (fingerprint, url, host, callback, depth)
) AS decoded ORDER BY fingerprint
ON CONFLICT (run_id, fingerprint) DO NOTHING
RETURNING encode(fingerprint, 'hex') AS fingerprint`;

const LOCK_RUN = `
SELECT r.source_id AS "sourceId", r.pages_left AS "pagesLeft",
  r.active_since + coalesce((s.limits->>'maxDurationSeconds')::int, 86400) * interval '1 s' < now() AS late
FROM run r JOIN source s ON s.id = r.source_id
WHERE r.id = $1 AND r.attempt = $2 AND r.status = 'running' FOR NO KEY UPDATE OF r`;

/**
 * Hosts are read off the index one by one (a "loose index scan"), beginning after the one that was served last, so
 * that a lease costs the same whatever waits at each of them.
 */
const CLAIM = `
WITH RECURSIVE expired AS MATERIALIZED (
  SELECT fingerprint, true AS reclaimed FROM run_request
  WHERE run_id = $1 AND state = 'leased' AND leased_until < now() AND lease_token <> $2 AND NOT host = ANY($4)
  ORDER BY leased_until LIMIT $6 FOR UPDATE SKIP LOCKED
), ahead (host) AS (
  SELECT $8::text
  UNION ALL
  SELECT (SELECT r.host FROM run_request r WHERE r.run_id = $1 AND r.state = 'pending' AND r.host > a.host
          ORDER BY r.host LIMIT 1)
  FROM ahead a WHERE a.host IS NOT NULL
), behind (host) AS (
  SELECT ''
  UNION ALL
  SELECT (SELECT r.host FROM run_request r
          WHERE r.run_id = $1 AND r.state = 'pending' AND r.host > b.host AND r.host <= $8 ORDER BY r.host LIMIT 1)
  FROM behind b WHERE b.host IS NOT NULL
), hosts AS (
  SELECT host FROM (SELECT host FROM ahead OFFSET 1) AS later WHERE host IS NOT NULL
  UNION ALL
  SELECT host FROM (SELECT host FROM behind OFFSET 1) AS earlier WHERE host IS NOT NULL
), waiting AS MATERIALIZED (
  SELECT r.fingerprint, false AS reclaimed FROM hosts h CROSS JOIN LATERAL (
    SELECT fingerprint FROM run_request
    WHERE run_id = $1 AND state = 'pending' AND host = h.host AND (not_before IS NULL OR not_before <= now())
    ORDER BY position LIMIT $5 FOR UPDATE SKIP LOCKED
  ) AS r
  WHERE NOT h.host = ANY($4)
  LIMIT least($7::bigint, $6::bigint - (SELECT count(*) FROM expired))
), leased AS (
  UPDATE run_request r SET state = 'leased', lease_token = $2, leased_until = now() + $3 * interval '1 ms'
  FROM (SELECT * FROM expired UNION ALL SELECT * FROM waiting) AS c
  WHERE r.run_id = $1 AND r.fingerprint = c.fingerprint
  RETURNING r.*, c.reclaimed
)
SELECT encode(l.fingerprint, 'hex') AS fingerprint, l.url, l.host, l.callback, l.depth, l.tries, l.reclaimed,
  p.item_count AS "itemCount", p.url AS "pageUrl", p.etag, p.last_modified AS "lastModified", p.version
FROM leased l LEFT JOIN page p ON p.source_id = $9 AND p.fingerprint = l.fingerprint
ORDER BY l.position`;

/** What is leased says that the run can go on, too. */
const COUNT_PAGES = `
UPDATE run SET pages_left = pages_left - $2, postponed_until = NULL, postponed_reason = NULL, updated_at = now()
WHERE id = $1`;
