import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Transactions } from '../../../core/database/index.js';
import { Timed } from '../../../core/performance/index.js';
import type { Source } from '../../sources/index.js';
import type { Outcome, PageMemory } from '../crawling/outcome.js';
import type { Spider, StoredCounts } from '../crawling/spider.js';
import { Frontier, type RunKey } from '../frontier/frontier.js';
import { PageStore } from '../pages/page-store.js';
import { RunEnder } from './run-ender.js';
import { type Ending, reasonToStop } from './run-ending.js';
import { RunEvents } from './run-events.js';
import { StatCounter } from './run-stats.js';
import { ScrapeMetrics } from './scrape-metrics.js';
import type { PageFailure, Run } from './run.entity.js';
import { RunOverError } from './run.errors.js';

const MAX_FAILURES = 100;

/** Who commits, and for what. */
export interface Committer {
  readonly run: RunKey;
  readonly source: Source;
  readonly spider: Spider;
  /** Under which the requests are leased. */
  readonly token: string;
}

/** What a commit did. */
export interface Committed {
  /** Fingerprints of requests that the run did not have before. */
  readonly added: readonly string[];
  /** Whether this was the last batch. */
  readonly isLast: boolean;
}

interface Written {
  readonly added: readonly string[];
  readonly items: number;
  readonly stats: StatCounter;
  readonly ending: Ending | undefined;
}

/** What the run's row is after a batch was added to it. */
interface CountedRun extends Pick<Run, 'openRequests' | 'stats' | 'fields' | 'failures'> {
  readonly sourceId: number;
}

/**
 * Ends requests, and stores what their pages gave: all of a batch, or nothing.
 *
 * 1. The requests are ended, as far as this worker still holds their leases: what it has lost, another worker has
 *    fetched or will fetch, and counts there. 2. Items are stored, 3. new requests added, 4. pages remembered. 5. Last,
 *    because from here on other workers wait, the run's row takes the counts. Whoever brings its open requests to 0
 *    ends it: under the lock of the row that is exactly one. A run that was cancelled meanwhile has another status;
 *    then nothing of the batch is kept.
 *
 * A batch may be committed again when it is not known whether it was: the second time its leases are gone.
 */
@Injectable()
export class RunCommit {
  constructor(
    private readonly transactions: Transactions,
    private readonly frontier: Frontier,
    private readonly pages: PageStore,
    private readonly ender: RunEnder,
    private readonly events: RunEvents,
    private readonly metrics: ScrapeMetrics,
  ) {}

  /** @throws RunOverError when the run has ended or was resumed by somebody else; nothing is stored then. */
  @Timed()
  async commit(committer: Committer, outcomes: readonly Outcome[]): Promise<Committed> {
    const { added, items, stats, ending } = await this.write(committer, outcomes);
    this.metrics.committed(committer.source.slug, stats.toJSON());
    if (items > 0)
      await committer.spider.pipeline.committed({ sourceId: committer.source.id, runId: committer.run.id });
    if (ending) await this.events.ended(committer.run.id, committer.source.id, ending);
    return { added, isLast: ending !== undefined };
  }

  private async write(committer: Committer, outcomes: readonly Outcome[]): Promise<Written> {
    return this.transactions.run(async (manager) => {
      const held = await this.endRequests(manager, committer, outcomes);
      const done = held.filter(isDone);
      const items = done.flatMap(({ end }) => end.items);
      const stored = await store(manager, committer, items);
      const found = done.flatMap(({ end }) => end.found);
      const added = await this.frontier.add(manager, committer.run.id, found);
      await this.pages.remember(manager, committer.source.id, memories(done));
      const stats = statsOf(held, { stored, added });
      const counted = await this.count(manager, committer.run, held, added.length, stats);
      const ending = await this.end(manager, committer, counted);
      return { added, items: items.length, stats, ending };
    });
  }

  /** @returns the outcomes of requests whose lease was still ours. */
  private async endRequests(
    manager: EntityManager,
    { run, token }: Committer,
    outcomes: readonly Outcome[],
  ): Promise<Outcome[]> {
    const [rows] = await manager.query<[{ fingerprint: string }[], number]>(END_REQUESTS, [
      run.id,
      token,
      outcomes.map(({ request }) => request.fingerprint),
      outcomes.map(({ end }) =>
        end.state === 'retried' || end.state === 'returned' ? 'pending' : end.state,
      ),
      outcomes.map(({ end }) => (end.state === 'retried' ? 1 : 0)),
      outcomes.map(({ end }) => (end.state === 'retried' ? end.inMs : null)),
      outcomes.map(({ end }) => (end.state === 'failed' ? end.code : null)),
      outcomes.map(({ end }) => (end.state === 'failed' ? end.message : null)),
    ]);
    const held = new Set(rows.map((row) => row.fingerprint));
    return outcomes.filter(({ request }) => held.has(request.fingerprint));
  }

  private async count(
    manager: EntityManager,
    run: RunKey,
    outcomes: readonly Outcome[],
    added: number,
    stats: StatCounter,
  ): Promise<CountedRun> {
    const fields = new StatCounter();
    for (const { end } of outcomes.filter(isDone)) fields.addAll(end.fields);
    const [[row]] = await manager.query<[CountedRun[], number]>(COUNT, [
      run.id,
      run.attempt,
      JSON.stringify(stats),
      JSON.stringify(fields),
      JSON.stringify(failuresOf(outcomes)),
      added - outcomes.filter(hasEnded).length,
      // What did not become a page may be had by another request.
      outcomes.filter(({ end }) => end.state !== 'done').length,
    ]);
    if (!row) throw new RunOverError(run.id);
    return row;
  }

  private async end(
    manager: EntityManager,
    { run, source }: Committer,
    counted: CountedRun,
  ): Promise<Ending | undefined> {
    const reason = reasonToStop(counted.openRequests, counted.stats, source.limits);
    return reason && this.ender.end(manager, { ...counted, id: run.id }, reason);
  }
}

type DoneOutcome = Outcome & { end: { state: 'done' } };
const isDone = (outcome: Outcome): outcome is DoneOutcome => outcome.end.state === 'done';

const hasEnded = ({ end }: Outcome): boolean => end.state === 'done' || end.state === 'failed';

function statsOf(
  outcomes: readonly Outcome[],
  { stored, added }: { stored: StoredCounts; added: readonly string[] },
): StatCounter {
  const stats = new StatCounter();
  for (const outcome of outcomes) stats.addAll(outcome.stats);
  const links = outcomes.filter(isDone).reduce((sum, { end }) => sum + end.found.length, 0);
  stats.add('dupefilter/filtered', links - added.length);
  stats.add('scheduler/enqueued', added.length);
  stats.add('scheduler/dequeued', outcomes.filter(hasEnded).length);
  stats.add('item/inserted', stored.inserted);
  stats.add('item/updated', stored.updated);
  stats.add('item/unchanged', stored.unchanged);
  stats.add('item_scraped_count', stored.inserted + stored.updated + stored.unchanged);
  return stats;
}

async function store(
  manager: EntityManager,
  { spider, source, run }: Committer,
  items: readonly unknown[],
): Promise<StoredCounts> {
  if (items.length === 0) return { inserted: 0, updated: 0, unchanged: 0 };
  return spider.pipeline.store(items, { sourceId: source.id, runId: run.id }, manager);
}

function memories(done: readonly DoneOutcome[]): { fingerprint: string; page: PageMemory }[] {
  return done.flatMap(({ request, end }) =>
    end.page ? [{ fingerprint: request.fingerprint, page: end.page }] : [],
  );
}

function failuresOf(outcomes: readonly Outcome[]): PageFailure[] {
  return outcomes
    .flatMap(({ request, end }) =>
      end.state === 'failed' ? [{ url: request.url, code: end.code, message: end.message }] : [],
    )
    .slice(0, MAX_FAILURES);
}

const END_REQUESTS = `
UPDATE run_request r SET state = i.state, tries = r.tries + i.tried, lease_token = NULL, leased_until = NULL,
  not_before = now() + i.in_ms * interval '1 ms', error_code = i.code, error = i.error
FROM unnest($3::text[], $4::text[], $5::int[], $6::float8[], $7::text[], $8::text[])
  AS i (fingerprint, state, tried, in_ms, code, error)
WHERE r.run_id = $1 AND r.fingerprint = decode(i.fingerprint, 'hex') AND r.state = 'leased' AND r.lease_token = $2
RETURNING i.fingerprint`;

const COUNT = `
UPDATE run SET stats = add_counts(stats, $3), fields = add_counts(fields, $4),
  failures = jsonb_path_query_array(failures || $5::jsonb, '$[0 to ${MAX_FAILURES - 1}]'),
  open_requests = open_requests + $6, pages_left = pages_left + $7, updated_at = now()
WHERE id = $1 AND attempt = $2 AND status = 'running'
RETURNING source_id AS "sourceId", open_requests AS "openRequests", stats, fields, failures`;
