import { currentWorkUnit } from '../../core/performance/index.js';

/** What has become of the reads of one cache since the process began: plain numbers, because every read counts. */
export interface CacheCounts {
  memoryHits: number;
  redisHits: number;
  /** Answered from a copy older than its time, while it was fetched anew. */
  staleHits: number;
  /** Answered from a copy older than its time because it could not be fetched. */
  staleIfErrorHits: number;
  /** Hits that say that something does not exist. */
  negativeHits: number;
  /** Joined a fetch that another caller had begun. */
  shared: number;
  misses: number;
  fetchFailures: number;
}

/** Counts of the Redis tier, and of what did not fit. */
export interface TierCounts {
  /** Commands that failed or took too long. */
  redisErrors: number;
  /** Not even asked, because the circuit was open. */
  redisSkipped: number;
  /** Values that nobody here has written, or that were spoilt. */
  redisCorrupt: number;
  redisEvictions: number;
  redisBytes: number;
  /** Not stored because they were larger than one entry may be. */
  tooLarge: number;
  invalidations: number;
  /** Raises of a version that Redis did not take at once. */
  invalidationRetries: number;
}

const noCounts = (): CacheCounts => ({
  memoryHits: 0,
  redisHits: 0,
  staleHits: 0,
  staleIfErrorHits: 0,
  negativeHits: 0,
  shared: 0,
  misses: 0,
  fetchFailures: 0,
});

/** The numbers behind the metrics; read when somebody asks for them, so that counting costs an addition. */
export class CacheStats {
  readonly byCache = new Map<string, CacheCounts>();
  readonly tiers: TierCounts = {
    redisErrors: 0,
    redisSkipped: 0,
    redisCorrupt: 0,
    redisEvictions: 0,
    redisBytes: 0,
    tooLarge: 0,
    invalidations: 0,
    invalidationRetries: 0,
  };

  /** The counts of a cache, from now on also shown at 0. */
  of(cache: string): CacheCounts {
    const known = this.byCache.get(cache);
    if (known) return known;
    const counts = noCounts();
    this.byCache.set(cache, counts);
    return counts;
  }
}

/** Counts what became of a read: for its cache, and for the request or task that it is part of. */
export function countRead(counts: CacheCounts, result: Exclude<keyof CacheCounts, 'fetchFailures'>): void {
  counts[result]++;
  const unit = currentWorkUnit();
  if (!unit) return;
  if (result === 'misses') unit.cacheMisses++;
  else unit.cacheHits++;
}
