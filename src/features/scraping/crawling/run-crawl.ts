import { Logger } from '@nestjs/common';
import { isPassing } from '../../../core/errors/index.js';
import { type Claim, Frontier, type LeasedRequest, type RunKey } from '../frontier/frontier.js';
import { type Committed, RunCommit } from '../runs/run-commit.js';
import { RunOverError } from '../runs/run.errors.js';
import { RunProgress } from '../runs/run-progress.js';
import { HeldRequests } from './held-requests.js';
import type { Blocked, Outcome } from './outcome.js';
import type { CrawlJob, PageVisitor } from './page-visitor.js';
import { WakeUp } from './wake-up.js';

/** A batch is committed when it has so many requests or items, or its first outcome has waited for so long. */
const BATCH = { requests: 100, items: 500, ageMs: 1000 };
/** How long nothing to lease is believed: at first, and at most. Others add requests, and retries become due. */
const IDLE_MS = { least: 50, most: 1000 };
/** How long to leave a database alone that does not answer. */
const OUTAGE_MS = { least: 200, most: 5000 };

/** Errors in a row of which nobody knows whether they pass; then they do not. */
const MAX_UNKNOWN_ERRORS = 3;

/** What a crawl needs from outside. */
export interface CrawlPorts {
  readonly visitor: Pick<PageVisitor, 'visit'>;
  readonly frontier: Pick<Frontier, 'claim' | 'extend'>;
  readonly committer: Pick<RunCommit, 'commit'>;
  readonly progress: Pick<RunProgress, 'expire' | 'abandon' | 'postpone'>;
}

/**
 * One process's part in a run: it leases requests, visits them, and commits what they gave, until the run is over.
 *
 * Leasing and committing take turns; visits go on meanwhile, each waiting for its host. What is not committed, because
 * the process dies, is leased by others when its lease has run out.
 */
export class RunCrawl {
  private readonly logger = new Logger(RunCrawl.name);
  private readonly stopping = new AbortController();
  private readonly wakeUp = new WakeUp();
  private readonly held: HeldRequests;
  private readonly blocked = new Map<string, Blocked>();
  private outcomes: Outcome[] = [];
  private items = 0;
  private batchSince = 0;
  private visiting = 0;
  private lastHost = '';
  private claimAt = 0;
  private idleMs = IDLE_MS.least;
  private outageMs = OUTAGE_MS.least;
  private unknownErrors = 0;
  private isOver = false;

  /** @param token unique for this process's part in this run. */
  constructor(
    readonly run: RunKey,
    private readonly token: string,
    private readonly job: CrawlJob,
    private readonly ports: CrawlPorts,
    private readonly leaseMs: number,
  ) {
    this.held = new HeldRequests(job.source.politeness);
  }

  /** Works until the run is over, or this process is told to stop. */
  async work(): Promise<void> {
    const extending = setInterval(() => void this.extend(), this.leaseMs / 3);
    try {
      while (!this.isOver) {
        await this.step();
        if (!this.isOver) await this.wakeUp.sleep(this.msUntilNextStep());
      }
    } finally {
      clearInterval(extending);
      this.stopping.abort();
    }
  }

  /** Takes nothing new, gives back what is not fetched yet, and commits the rest. */
  stop(): void {
    this.stopping.abort();
    this.wakeUp.wake();
  }

  /** The run has ended elsewhere: what is still under way is not wanted. */
  abandon(): void {
    this.isOver = true;
    this.stop();
  }

  private get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async step(): Promise<void> {
    try {
      const isHungry = performance.now() >= this.claimAt && this.held.room > 0;
      if (isHungry && !this.isStopping) await this.claim();
      if (!this.isOver && this.isCommitDue()) await this.commit();
      if (this.isStopping && this.visiting === 0 && this.outcomes.length === 0) this.isOver = true;
      this.outageMs = OUTAGE_MS.least;
      this.unknownErrors = 0;
    } catch (error) {
      await this.fail(error);
    }
  }

  private async claim(): Promise<void> {
    const claim = await this.ports.frontier.claim(this.run, {
      token: this.token,
      atMost: this.held.room,
      perHost: this.held.perHost,
      except: [...this.held.busyHosts, ...this.blockedHosts()],
      after: this.lastHost,
    });
    if (claim === 'late') await this.ports.progress.expire(this.run);
    if (claim === 'late' || claim === 'over') this.abandon();
    else await this.take(claim);
  }

  private async take({ requests }: Exclude<Claim, string>): Promise<void> {
    this.lastHost = requests.at(-1)?.host ?? this.lastHost;
    for (const request of requests) void this.visit(request);
    const now = performance.now();
    if (requests.length > 0) {
      this.idleMs = IDLE_MS.least;
      this.claimAt = now + IDLE_MS.least;
      return;
    }
    this.claimAt = now + this.idleMs;
    this.idleMs = Math.min(2 * this.idleMs, IDLE_MS.most);
    const [first] = [...this.blocked.values()].sort((a, b) => a.until.getTime() - b.until.getTime());
    if (first && this.held.size === 0)
      await this.ports.progress.postpone(this.run, first.until, first.reason);
  }

  private async visit(request: LeasedRequest): Promise<void> {
    this.held.add(request.host);
    this.visiting++;
    const outcome = await this.ports.visitor.visit(this.job, request, this.stopping.signal);
    this.visiting--;
    if (this.held.visited(request.host)) this.claimAt = 0;
    if (outcome.end.state === 'returned' && outcome.end.blocked)
      this.blocked.set(request.host, outcome.end.blocked);
    if (this.outcomes.length === 0) this.batchSince = performance.now();
    this.outcomes.push(outcome);
    if (outcome.end.state === 'done') this.items += outcome.end.items.length;
    this.wakeUp.wake();
  }

  private blockedHosts(): string[] {
    const now = Date.now();
    for (const [host, { until }] of this.blocked) if (until.getTime() <= now) this.blocked.delete(host);
    return [...this.blocked.keys()];
  }

  private isCommitDue(): boolean {
    return this.outcomes.length > 0 && (this.visiting === 0 || this.msUntilCommit() <= 0);
  }

  private msUntilCommit(): number {
    if (this.outcomes.length >= BATCH.requests || this.items >= BATCH.items) return 0;
    return this.outcomes.length === 0 ? Infinity : this.batchSince + BATCH.ageMs - performance.now();
  }

  private msUntilNextStep(): number {
    const claim = this.isStopping || this.held.room === 0 ? Infinity : this.claimAt - performance.now();
    return Math.min(claim, this.msUntilCommit(), IDLE_MS.most);
  }

  private async commit(): Promise<void> {
    const batch = this.outcomes;
    this.outcomes = [];
    this.items = 0;
    let committed: Committed;
    try {
      committed = await this.ports.committer.commit({ ...this.job, run: this.run, token: this.token }, batch);
    } catch (error) {
      // It may or may not have been committed; what was has lost its leases, and does not count a second time.
      this.outcomes.unshift(...batch);
      throw error;
    }
    this.held.ended(batch.length);
    this.job.urls.remember(batch.flatMap(({ end }) => (end.state === 'done' ? end.found : [])));
    if (committed.added.length > 0) this.claimAt = 0;
    if (committed.isLast) this.abandon();
  }

  /** A database that is away comes back; anything else that fails again and again fails the run. */
  private async fail(error: unknown): Promise<void> {
    if (error instanceof RunOverError) return this.abandon();
    if (this.mayGoOn(error) && !this.isStopping) {
      this.logger.warn({ err: error }, 'crawl has to wait');
      this.claimAt = performance.now() + this.outageMs;
      await this.wakeUp.sleep(this.outageMs);
      this.outageMs = Math.min(2 * this.outageMs, OUTAGE_MS.most);
      return;
    }
    this.logger.error({ err: error }, 'crawl failed');
    // What fails while the process ends says nothing of the run.
    if (!this.isStopping) await this.giveUp(error);
    this.abandon();
  }

  private mayGoOn(error: unknown): boolean {
    return isPassing(error) || ++this.unknownErrors < MAX_UNKNOWN_ERRORS;
  }

  private async giveUp(error: unknown): Promise<void> {
    try {
      await this.ports.progress.abandon(this.run, error);
    } catch (failure) {
      // The run stays active: whoever takes part in it next comes to the same end, and tries again to say so.
      this.logger.error({ err: failure }, 'the run could not be ended');
    }
  }

  private async extend(): Promise<void> {
    if (this.held.size === 0) return;
    try {
      await this.ports.frontier.extend(this.run, this.token);
    } catch (error) {
      // The next time, or another worker takes them: then this one's outcomes do not count.
      this.logger.warn({ err: error }, 'leases could not be extended');
    }
  }
}
