import type { Client } from 'pg';
import { runProgram } from '../../../scripts/run-program.ts';
import { waitFor } from '../../../scripts/wait.ts';
import { environment, type Server, startApplication } from '../application.ts';
import type { BenchmarkContext } from '../benchmark.ts';
import { cpuSeconds } from '../cpu.ts';
import { connect, createDatabase } from '../database.ts';
import { type AuthorItem, type CrawlResult, hashItems, type QuoteItem } from './items.ts';

const SLUG = 'shards';
/** Longer than any crawl here takes on any machine. */
const DEADLINE_MS = 3_600_000;

/** A run as `GET /runs/:id` tells it, as far as it is needed. */
export interface Run {
  id: string;
  status: string;
  finishReason: string | null;
  stats: Record<string, number>;
  startedAt: string;
  finishedAt: string | null;
}

/** A page that a run gave up, as `GET /runs/:id/failures` tells it. */
export interface Failure {
  url: string;
  code: string;
  /** How often it was tried again. */
  tries: number;
}

/** What is crawled, and how hard. */
export interface Shards {
  /** URLs of the site's hosts, without a slash at the end; each has its share of the shards. */
  sites: readonly string[];
  shards: number;
  /** Requests under way at once at each host. */
  concurrency: number;
  /** Requests a second at each host; nothing limits them by default. */
  rate?: number;
}

/** Crawls of the shards by worker processes as in production, begun and watched by way of the API. */
export class GleanerCrawls {
  readonly databaseUrl: string;
  readonly client: Client;
  readonly #context: BenchmarkContext;
  readonly #env: Record<string, string>;
  readonly #api: Server;
  readonly #key: string;
  #crawls = 0;

  private constructor(
    context: BenchmarkContext,
    database: { url: string; client: Client },
    env: Record<string, string>,
    api: Server,
    key: string,
  ) {
    this.databaseUrl = database.url;
    this.client = database.client;
    this.#context = context;
    this.#env = env;
    this.#api = api;
    this.#key = key;
  }

  /** @param settings of the workers, beside those of production. */
  static async prepare(
    context: BenchmarkContext,
    settings: Record<string, string> = {},
  ): Promise<GleanerCrawls> {
    const url = await createDatabase(context);
    const client = await connect(url);
    context.stack.defer(() => client.end());
    // The site is on this machine.
    // As many as the opponents have at once; flaky-crawl asks 6 hosts with 16 each.
    const own = {
      SCRAPE_ALLOWED_PRIVATE_HOSTS: '127.0.0.0/8',
      SCRAPE_CONCURRENT_REQUESTS: '96',
      ...settings,
    };
    const env = { ...environment(context, url), ...own };
    const api = await startApplication(context, 'api', env);
    const args = ['dist/cli.js', 'key', 'create', '--name', 'bench', '--role', 'operator', '--json'];
    const { key } = JSON.parse(await runProgram('making a key', args, url)) as { key: string };
    return new GleanerCrawls(context, { url, client }, env, api, key);
  }

  /** Says what is crawled: by the spider in code, with a start URL for each shard. */
  async declare({ sites, shards, concurrency, rate }: Shards): Promise<void> {
    // Not the built-in source, which every worker that boots declares anew.
    await this.client.query(
      `INSERT INTO source (slug, name, spider, start_urls, scope, politeness, limits)
       VALUES ($1, 'Shards', 'quotes', $2, $3, $4, $5) ON CONFLICT (slug) DO UPDATE SET start_urls = excluded.start_urls`,
      [
        SLUG,
        Array.from({ length: shards }, (_, index) => `${sites[index % sites.length]}/shard/${index + 1}/`),
        { allowedHosts: [], dropTrackingParameters: false, sitemaps: false },
        {
          downloadDelayMs: rate === undefined ? 0 : 1000 / rate,
          burst: rate === undefined ? 1000 : 1,
          concurrentRequests: concurrency,
          robotsTxt: false,
          autoThrottle: null,
        },
        { maxPages: 1_000_000, maxItems: null, maxErrors: null, maxDurationSeconds: 86_400, maxDepth: null },
      ],
    );
  }

  /**
   * Crawls into an empty database, by processes that have just booted. Their boot does not count, neither in seconds nor
   * in CPU.
   * @param watch is called ten times a second with the run and the workers.
   * @throws Error when the run does not succeed.
   */
  async crawl(
    workers: number,
    watch: (run: Run, workers: readonly Server[]) => Promise<void> = async () => undefined,
  ): Promise<CrawlResult & { run: Run }> {
    await using stack = new AsyncDisposableStack();
    await this.client.query('TRUNCATE run, page, quote, author, tag CASCADE');
    const number = ++this.#crawls;
    const servers = await Promise.all(
      Array.from({ length: workers }, (_, index) =>
        startApplication({ ...this.#context, stack }, `crawl-${number}-worker-${index + 1}`, {
          ...this.#env,
          MODE: 'worker',
        }),
      ),
    );
    const cpu = (): number => servers.reduce((sum, server) => sum + cpuSeconds(server), 0);
    const before = cpu();
    const { url } = await this.#ask<{ url: string }>(`/api/v1/sources/${SLUG}/runs`, 'POST');
    const run = await waitFor('the end of the crawl', DEADLINE_MS, new AbortController().signal, async () => {
      for (const server of servers) server.assertRunning();
      const now = await this.#ask<Run>(url);
      await watch(now, servers);
      return now.finishedAt === null ? undefined : now;
    });
    const cpuSecondsUsed = cpu() - before;
    if (run.status !== 'succeeded') throw new Error(`the run has ${run.status}: ${JSON.stringify(run)}`);
    return {
      run,
      pages: run.stats['downloader/response_count'] ?? 0,
      ...hashItems(await this.#storedItems()),
      seconds: (Date.parse(run.finishedAt ?? '') - Date.parse(run.startedAt)) / 1000,
      cpuSeconds: cpuSecondsUsed,
    };
  }

  /** All pages that a run names as given up. */
  async failuresOf({ id }: Run): Promise<Failure[]> {
    const failures: Failure[] = [];
    let cursor: string | null = null;
    do {
      const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: { items: Failure[]; nextCursor: string | null } = await this.#ask(
        `/api/v1/runs/${id}/failures?limit=100${after}`,
      );
      failures.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return failures;
  }

  async #storedItems(): Promise<(QuoteItem | AuthorItem)[]> {
    const quotes = await this.client.query<QuoteItem>(
      `SELECT q.text, a.slug AS "authorSlug", a.name AS "authorName", q.tags
       FROM quote q JOIN author a ON a.id = q.author_id`,
    );
    const authors = await this.client.query<AuthorItem>(
      `SELECT slug, name, to_char(born_on, 'YYYY-MM-DD') AS "bornOn", born_location AS "bornLocation", description
       FROM author WHERE details_scraped IS NOT NULL`,
    );
    return [...quotes.rows, ...authors.rows];
  }

  async #ask<T>(path: string, method = 'GET'): Promise<T> {
    const answer = await fetch(this.#api.url + path, {
      method,
      headers: { authorization: `Bearer ${this.#key}` },
    });
    if (!answer.ok) throw new Error(`${method} ${path}: status ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}
