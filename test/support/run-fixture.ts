import { randomUUID } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { createDataSource } from '../../src/app/data-source.js';
import { loadConfig } from '../../src/core/config/index.js';
import { databaseConfig, limitsOf, Transactions } from '../../src/core/database/index.js';
import type { Done, Outcome } from '../../src/features/scraping/crawling/outcome.js';
import type { Spider, StoredCounts } from '../../src/features/scraping/crawling/spider.js';
import { fingerprintOf } from '../../src/features/scraping/frontier/canonical-url.js';
import {
  Frontier,
  type LeasedRequest,
  type NewRequest,
  type RunKey,
  type Wanted,
} from '../../src/features/scraping/frontier/frontier.js';
import { PageStore } from '../../src/features/scraping/pages/page-store.js';
import { RunCommit } from '../../src/features/scraping/runs/run-commit.js';
import { RunControl } from '../../src/features/scraping/runs/run-control.js';
import { RunEnder } from '../../src/features/scraping/runs/run-ender.js';
import type { Ending } from '../../src/features/scraping/runs/run-ending.js';
import type { RunEvents } from '../../src/features/scraping/runs/run-events.js';
import { RunProgress } from '../../src/features/scraping/runs/run-progress.js';
import { emptyStats, StatCounter } from '../../src/features/scraping/runs/run-stats.js';
import type { Run } from '../../src/features/scraping/runs/run.entity.js';
import type { ScrapeMetrics } from '../../src/features/scraping/runs/scrape-metrics.js';
import type { Source } from '../../src/features/sources/index.js';
import { crawlLimitsSchema } from '../../src/features/sources/index.js';
import type { TestEnvironment } from './environment.js';

/** The services that runs are made of, on a real database and without a web: what workers do is done by hand. */
export class RunFixture {
  readonly ended: { runId: string; ending: Ending }[] = [];
  readonly frontier: Frontier;
  readonly progress: RunProgress;
  readonly commits: RunCommit;
  readonly control: RunControl;
  source!: Source;

  private constructor(
    private readonly environment: TestEnvironment,
    private readonly dataSource: DataSource,
    leaseMs: number,
  ) {
    const config = loadConfig(environment.env, [databaseConfig]).get(databaseConfig);
    const limits = limitsOf('worker', config);
    const transactions = new Transactions(dataSource, limits, { inc: () => undefined });
    const events = {
      ended: async (runId: string, _sourceId: number, ending: Ending) =>
        void this.ended.push({ runId, ending }),
    } as unknown as RunEvents;
    const ender = new RunEnder();
    this.frontier = new Frontier(transactions, { leaseMs });
    this.progress = new RunProgress(dataSource, transactions, this.frontier, ender, events);
    const metrics = { committed: () => undefined } as unknown as ScrapeMetrics;
    const pages = new PageStore(dataSource);
    this.commits = new RunCommit(transactions, this.frontier, pages, ender, events, metrics);
    this.control = new RunControl(transactions, events);
  }

  static async create(environment: TestEnvironment, { leaseMs = 60_000 } = {}): Promise<RunFixture> {
    const config = loadConfig(environment.env, [databaseConfig]).get(databaseConfig);
    const dataSource = await createDataSource({ ...config, poolMax: 20 }).initialize();
    return new RunFixture(environment, dataSource, leaseMs);
  }

  async dispose(): Promise<void> {
    await this.dataSource.destroy();
  }

  /** A source of its own for each test, so that baselines and active runs do not meet. */
  async declareSource(limits: object = {}): Promise<void> {
    const slug = `s-${randomUUID()}`;
    const parsed = crawlLimitsSchema.parse(limits);
    const [row] = await this.environment.query<{ id: number }>(
      `INSERT INTO source (slug, name, spider, start_urls, limits) VALUES ($1, 'S', 'spec', '{http://a.example/}', $2)
       RETURNING id`,
      [slug, parsed],
    );
    this.source = { id: row!.id, slug, limits: parsed } as Source;
  }

  /** A run that has begun with these requests. */
  async begin(first: readonly NewRequest[]): Promise<RunKey> {
    const id = randomUUID();
    await this.environment.query(
      `INSERT INTO run (id, source_id, trigger, status, stats, failures) VALUES ($1, $2, 'api', 'pending', $3, '[]')`,
      [id, this.source.id, emptyStats()],
    );
    await this.progress.begin(id, this.source.limits, first);
    return { id, attempt: 1 };
  }

  async claim(run: RunKey, wanted: Partial<Wanted> = {}): Promise<LeasedRequest[]> {
    const all = { token: TOKEN, atMost: 100, perHost: 100, except: [], after: '' };
    const claim = await this.frontier.claim(run, { ...all, ...wanted });
    if (typeof claim === 'string') throw new Error(`the run is ${claim}`);
    return claim.requests;
  }

  async commit(
    run: RunKey,
    outcomes: readonly Outcome[],
    token = TOKEN,
    spider = storing(storeTags),
  ): Promise<{ isLast: boolean }> {
    return this.commits.commit({ run, source: this.source, spider, token }, outcomes);
  }

  async row(run: RunKey): Promise<Run> {
    return this.dataSource.getRepository<Run>('Run').findOneByOrFail({ id: run.id });
  }

  async states(run: RunKey): Promise<Record<string, number>> {
    const rows = await this.environment.query<{ state: string; count: number }>(
      'SELECT state, count(*)::int FROM run_request WHERE run_id = $1 GROUP BY state',
      [run.id],
    );
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }
}

export const TOKEN = '00000000-0000-4000-8000-000000000001';
export const OTHER_TOKEN = '00000000-0000-4000-8000-000000000002';

/** A spider of which only what it does with items matters. */
export function storing(
  store: (manager: EntityManager, items: readonly string[]) => Promise<StoredCounts>,
): Spider {
  const pipeline = {
    store: (items: readonly unknown[], _context: object, manager: EntityManager) =>
      store(manager, items as readonly string[]),
    committed: async () => undefined,
  };
  return { pipeline } as unknown as Spider;
}

/** Items are names of tags. */
async function storeTags(manager: EntityManager, items: readonly string[]): Promise<StoredCounts> {
  const rows: unknown[] = await manager.query(
    `INSERT INTO tag (name) SELECT DISTINCT unnest($1::text[]) ORDER BY 1 ON CONFLICT DO NOTHING RETURNING 1`,
    [items],
  );
  return { inserted: rows.length, updated: 0, unchanged: 0 };
}

export function requestTo(path: string, host = 'a.example', depth = 0): NewRequest {
  const url = `http://${host}/${path}`;
  return { fingerprint: fingerprintOf(url), url, host, callback: 'page', depth };
}

export function requests(count: number, host = 'a.example'): NewRequest[] {
  return Array.from({ length: count }, (_, n) => requestTo(String(n), host));
}

/** Its page came, with these items and links. */
export function done(
  request: LeasedRequest,
  items: readonly string[] = [],
  found: readonly NewRequest[] = [],
  more: Partial<Done> = {},
): Outcome {
  const stats = new StatCounter();
  stats.add('downloader/response_count');
  const fields = new StatCounter();
  if (items.length > 0) fields.add('item', items.length);
  return { request, stats, end: { state: 'done', items, found, fields, page: undefined, ...more } };
}

export function ended(request: LeasedRequest, end: Outcome['end']): Outcome {
  const stats = new StatCounter();
  if (end.state === 'failed') stats.add('retry/max_reached');
  return { request, stats, end };
}
