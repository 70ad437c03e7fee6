import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { GleanerError, NotFoundError } from '../../core/errors/index.js';
import { CacheMetrics } from './cache.metrics.js';
import { CacheStats, countRead } from './cache-stats.js';
import { CachedDocument } from './cached-document.js';
import { type CachingConfig, cachingConfig } from './caching.config.js';
import { DeadlineError, withDeadline } from '../../core/deadline/index.js';
import { FetchLock } from './fetch-lock.js';
import { MemoryTier } from './tiers/memory-tier.js';
import {
  absentEntry,
  documentEntry,
  type Fetched,
  isCurrent,
  type ReadEntry,
  type ReadKind,
  sharedEntry,
} from './read-entry.js';
import { RedisTier } from './tiers/redis-tier.js';

/** How long a process waits for what another one is fetching, before it fetches by itself. */
const WAIT_FOR_OTHERS_MS = 3000;
/** How long nobody tries to fetch anew what could not be fetched and is known as it was. */
const RETRY_MS = 1000;

/** What is to be fetched. */
export interface Wanted {
  readonly key: string;
  readonly kind: ReadKind;
  readonly fetch: () => Promise<unknown>;
  /** Versions of the tags, told before anything is fetched. */
  readonly versions: readonly number[] | undefined;
  /** What to answer when it cannot be fetched. */
  readonly fallback: ReadEntry | undefined;
}

/** Fetches what no tier has, once for all processes when it is expensive, and stores it in both. */
@Injectable()
export class ReadFetcher {
  constructor(
    private readonly memory: MemoryTier,
    private readonly redis: RedisTier,
    private readonly lock: FetchLock,
    private readonly stats: CacheStats,
    private readonly metrics: CacheMetrics,
    @Inject(cachingConfig.token) private readonly config: CachingConfig,
  ) {}

  /** @throws what `fetch` throws, unless there is something to fall back on. */
  async fetch(wanted: Wanted): Promise<ReadEntry> {
    if (!wanted.kind.options.expensive || !wanted.versions) return this.fetchOrFallBack(wanted);
    const name = `${wanted.key}@${wanted.versions.join('.')}`;
    const until = performance.now() + WAIT_FOR_OTHERS_MS;
    for (let pause = 10; performance.now() < until; pause = Math.min(pause * 2, 100)) {
      const attempt = await this.lock.acquire(name);
      if (attempt === 'unavailable') break;
      // Whoever had the lock before may have stored it in the meantime.
      const shared = await this.shared(wanted);
      if (attempt !== 'taken') {
        try {
          return shared ?? (await this.fetchOrFallBack(wanted, true));
        } finally {
          void attempt.release();
        }
      }
      if (shared) return shared;
      await delay(pause * (0.5 + Math.random()));
    }
    return this.fetchOrFallBack(wanted);
  }

  /** What Redis has of it, kept in memory as well, if it is fresh. */
  private async shared({ key, kind }: Wanted): Promise<ReadEntry | undefined> {
    const envelope = await this.redis.get(key);
    const entry = envelope && sharedEntry(envelope, kind.times);
    const now = performance.now();
    if (!entry || now >= entry.freshUntil || !isCurrent(entry, kind.tags, now)) return undefined;
    this.memory.set(key, entry);
    countRead(kind.counts, 'redisHits');
    return entry;
  }

  private async fetchOrFallBack(wanted: Wanted, waitUntilShared = false): Promise<ReadEntry> {
    const { key, fallback } = wanted;
    const fetched = this.fetchAndStore(wanted, waitUntilShared);
    if (!fallback) return fetched;
    try {
      return await withDeadline(fetched, this.config.fetchPatienceMs);
    } catch (error) {
      if (isAnswer(error)) throw error;
      const retryLater = (): void => {
        fallback.retryAt = performance.now() + RETRY_MS;
      };
      if (error instanceof DeadlineError) {
        // It still goes on; nobody begins another one beside it.
        fallback.retryAt = Number.POSITIVE_INFINITY;
        fetched.then(retryLater, retryLater);
      } else {
        retryLater();
      }
      this.memory.set(key, fallback);
      return fallback;
    }
  }

  private async fetchAndStore(wanted: Wanted, waitUntilShared: boolean): Promise<ReadEntry> {
    const { key, kind, fetch, versions } = wanted;
    const begun: Fetched = { begunAt: performance.now(), versions };
    countRead(kind.counts, 'misses');
    let value: unknown;
    try {
      value = await fetch();
    } catch (error) {
      this.metrics.fetched(kind.options.cache, isAnswer(error) ? 'absent' : 'failed', begun.begunAt);
      if (!isAnswer(error)) kind.counts.fetchFailures++;
      if (!(error instanceof NotFoundError)) throw error;
      const entry = absentEntry(error, begun, Math.min(this.config.negativeTtlMs, kind.times.ttl));
      this.keep(key, entry);
      return entry;
    }
    this.metrics.fetched(kind.options.cache, 'found', begun.begunAt);
    const entry = documentEntry(this.document(key, value), begun, kind.times);
    const stored = this.store(wanted, entry);
    if (waitUntilShared) await stored;
    return entry;
  }

  /** The document of a value; the one already known when nothing has changed, with all its forms. */
  private document(key: string, value: unknown): CachedDocument {
    const made = CachedDocument.of(value);
    const known = this.memory.get(key)?.document;
    return known?.hash === made.hash ? known : made;
  }

  private async store({ key, versions }: Wanted, entry: ReadEntry): Promise<void> {
    const { document } = entry;
    if (!document || document.length > this.config.entryBytes) {
      this.stats.tiers.tooLarge++;
      return;
    }
    this.keep(key, entry);
    if (!versions) return;
    const now = performance.now();
    const epoch = Date.now() - now;
    await this.redis.set(
      key,
      {
        document,
        versions,
        fetchedAt: Math.round(epoch + entry.begunAt),
        freshUntil: Math.round(epoch + entry.freshUntil),
      },
      Math.ceil(entry.usableUntil - now),
    );
  }

  /** A fetch that took long does not put away what a later one has found. */
  private keep(key: string, entry: ReadEntry): void {
    const known = this.memory.get(key);
    if (!known || known.begunAt <= entry.begunAt) this.memory.set(key, entry);
  }
}

/** Whether the error is about what was asked for: then the database is well, and this is its answer. */
function isAnswer(error: unknown): boolean {
  return error instanceof GleanerError && error.httpStatus < 500;
}
