import { Inject, Injectable } from '@nestjs/common';
import { type CacheOptions } from './cache-options.js';
import { CacheStats, countRead } from './cache-stats.js';
import { CachedDocument } from './cached-document.js';
import { type CachingConfig, cachingConfig } from './caching.config.js';
import { MemoryTier } from './tiers/memory-tier.js';
import { isCurrent, type ReadEntry, type ReadKind, sharedEntry, versionsOf } from './read-entry.js';
import { ReadFetcher } from './read-fetcher.js';
import { RedisTier } from './tiers/redis-tier.js';
import { TagVersions } from './tag-versions.js';

interface Asked {
  readonly key: string;
  readonly kind: ReadKind;
  readonly fetch: () => Promise<unknown>;
}

interface Flight {
  /** What it finds is no older than this. */
  begunAt: number;
  entry: Promise<ReadEntry>;
}

/**
 * Cache-aside for reads. What becomes of one:
 *
 * 1. A fresh entry in memory whose tags have not changed is the answer, without a promise or a parse.
 * 2. Else the versions of its tags are verified, if they have not been lately (see {@link TagVersions}).
 * 3. An entry past its time, nothing of which has changed, is the answer too, while one caller refreshes it.
 * 4. Everybody else who asks for the key in this process waits for one and the same answer:
 * 5. what Redis has, which is kept in memory from then on, or
 * 6. what is fetched (see {@link ReadFetcher}), or, when that fails or takes too long, what was known last.
 */
@Injectable()
export class ReadCache {
  private readonly kinds = new WeakMap<CacheOptions, ReadKind>();
  private readonly flights = new Map<string, Flight>();

  constructor(
    private readonly memory: MemoryTier,
    private readonly redis: RedisTier,
    private readonly versions: TagVersions,
    private readonly fetcher: ReadFetcher,
    private readonly stats: CacheStats,
    @Inject(cachingConfig.token) private readonly config: CachingConfig,
  ) {}

  /**
   * The value of `key`, or what `fetch` returns, which is then kept.
   * @param key what tells this read from others of its kind.
   * @param fetch must return JSON (dates as text).
   * @param options a constant of {@link cachedRead}.
   * @returns a frozen value that all callers share.
   * @throws what `fetch` throws; never anything of the cache's own: without Redis it only fetches.
   */
  async getOrFetch<T>(key: string, fetch: () => Promise<T>, options: CacheOptions): Promise<Readonly<T>> {
    return (await this.getDocument(key, fetch, options)).value as T;
  }

  /**
   * The same, serialised and ready to be sent. A hit in memory is answered at once, anything else by a promise.
   * @throws what `fetch` throws.
   */
  getDocument(
    key: string,
    fetch: () => Promise<unknown>,
    options: CacheOptions,
  ): CachedDocument | Promise<CachedDocument> {
    const kind = this.kinds.get(options) ?? this.resolve(options);
    if (kind.times.ttl === 0) return uncached(kind, fetch);
    const fullKey = kind.prefix + key;
    const entry = this.memory.get(fullKey);
    if (entry !== undefined) {
      const now = performance.now();
      if (now < entry.freshUntil && isCurrent(entry, kind.tags, now)) {
        if (entry.document === undefined) countRead(kind.counts, 'negativeHits');
        else countRead(kind.counts, 'memoryHits');
        return contentOf(entry);
      }
    }
    return this.answer({ key: fullKey, kind, fetch }, entry);
  }

  /** Makes every process fetch anew what it has under these tags, within a second. */
  async invalidate(tags: readonly string[]): Promise<void> {
    await this.versions.raise(tags);
  }

  private async answer(asked: Asked, entry: ReadEntry | undefined): Promise<CachedDocument> {
    const { kind } = asked;
    const now = performance.now();
    if (entry?.document && now < entry.usableUntil) {
      if (now < entry.retryAt) {
        countRead(kind.counts, 'staleIfErrorHits');
        return entry.document;
      }
      if (now < entry.revalidateUntil && now >= entry.freshUntil && isCurrent(entry, kind.tags, now)) {
        countRead(kind.counts, 'staleHits');
        // Whoever is answered does not care how it ends; the next caller will find out.
        this.fly(asked, true).catch(() => undefined);
        return entry.document;
      }
    }
    return contentOf(await this.fly(asked, false));
  }

  /** One look-up for all who ask for a key; none that began before a change is joined after it. */
  private async fly(asked: Asked, refresh: boolean): Promise<ReadEntry> {
    const { key, kind } = asked;
    const under = this.flights.get(key);
    if (under && kind.tags.every((tag) => under.begunAt >= tag.changedAt)) {
      if (!refresh) countRead(kind.counts, 'shared');
      return under.entry;
    }
    const flight = { begunAt: performance.now() } as Flight;
    flight.entry = this.lookUp(asked, refresh, flight).finally(() => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    });
    this.flights.set(key, flight);
    return flight.entry;
  }

  private async lookUp(asked: Asked, refresh: boolean, flight: Flight): Promise<ReadEntry> {
    const { key, kind, fetch } = asked;
    if (!versionsOf(kind.tags, performance.now())) await this.versions.verify();
    // From here on: whatever changes after this raises a version above these.
    flight.begunAt = performance.now();
    const versions = versionsOf(kind.tags, flight.begunAt);
    const known = this.memory.get(key);
    if (known && isFresh(known, kind)) {
      countRead(kind.counts, 'memoryHits');
      return known;
    }
    const shared = versions && (await this.inRedis(key, kind));
    if (shared) {
      const current = isCurrent(shared, kind.tags, performance.now());
      if (current && isFresh(shared, kind)) {
        this.memory.set(key, shared);
        countRead(kind.counts, 'redisHits');
        return shared;
      }
      if (current && !refresh && performance.now() < shared.revalidateUntil) {
        this.memory.set(key, shared);
        countRead(kind.counts, 'staleHits');
        // When this look-up has ended: the refresh would only join it.
        setImmediate(() => void this.fly(asked, true).catch(() => undefined));
        return shared;
      }
    }
    const fallback = [known, shared]
      .filter((entry) => entry?.document && performance.now() < entry.usableUntil)
      .toSorted((a, b) => (b?.freshUntil ?? 0) - (a?.freshUntil ?? 0))[0];
    const entry = await this.fetcher.fetch({ key, kind, fetch, versions, fallback });
    if (entry === fallback && !refresh) countRead(kind.counts, 'staleIfErrorHits');
    return entry;
  }

  private async inRedis(key: string, kind: ReadKind): Promise<ReadEntry | undefined> {
    const envelope = await this.redis.get(key);
    return envelope && sharedEntry(envelope, kind.times);
  }

  private resolve(options: CacheOptions): ReadKind {
    const { ttlMs, staleWhileRevalidateMs, staleIfErrorMs } = this.config;
    const kind: ReadKind = {
      options,
      prefix: `${options.cache}:${options.schema}:`,
      tags: options.tags.map((tag) => this.versions.watch(tag)),
      counts: this.stats.of(options.cache),
      times: {
        ttl: ttlMs === 0 ? 0 : (options.ttl ?? ttlMs),
        staleWhileRevalidate: options.staleWhileRevalidate ?? staleWhileRevalidateMs,
        staleIfError: staleIfErrorMs,
      },
    };
    this.kinds.set(options, kind);
    return kind;
  }
}

function isFresh(entry: ReadEntry, kind: ReadKind): boolean {
  const now = performance.now();
  return now < entry.freshUntil && isCurrent(entry, kind.tags, now);
}

async function uncached(kind: ReadKind, fetch: () => Promise<unknown>): Promise<CachedDocument> {
  countRead(kind.counts, 'misses');
  return CachedDocument.of(await fetch());
}

/** @throws the error that says that there is nothing. */
function contentOf(entry: ReadEntry): CachedDocument {
  if (entry.document) return entry.document;
  throw entry.absent ?? new Error('an entry has either a document or an error');
}
