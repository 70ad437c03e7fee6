import type { Envelope } from './tiers/cache-envelope.js';
import type { CacheOptions } from './cache-options.js';
import type { CacheCounts } from './cache-stats.js';
import type { CachedDocument } from './cached-document.js';
import { type TagState, TRUST_MS } from './tag-versions.js';

/** A kind of read, with all that answering needs looked up once. */
export interface ReadKind {
  readonly options: CacheOptions;
  readonly prefix: string;
  readonly tags: readonly TagState[];
  readonly counts: CacheCounts;
  readonly times: Times;
}

/** Milliseconds. */
interface Times {
  readonly ttl: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
}

/** What is known of a read. Times are of the monotonic clock, in milliseconds. */
export interface ReadEntry {
  /** Absent when the read found that there is nothing. */
  readonly document: CachedDocument | undefined;
  /** Thrown at whoever asks for what does not exist. */
  readonly absent: Error | undefined;
  /** The versions of its tags before its fetch began; `undefined` when they could not be told. */
  readonly versions: readonly number[] | undefined;
  /** When this process began to fetch it; minus infinity when another one did. */
  readonly begunAt: number;
  readonly freshUntil: number;
  readonly revalidateUntil: number;
  readonly usableUntil: number;
  /** Until then nobody tries to fetch it again: the last try failed, or still goes on. */
  retryAt: number;
}

/** Part of its time that an entry may lose at random, so that what was fetched together is not fetched together again. */
const JITTER = 0.1;

export interface Fetched {
  readonly begunAt: number;
  readonly versions: readonly number[] | undefined;
}

export function documentEntry(
  document: CachedDocument,
  { begunAt, versions }: Fetched,
  times: Times,
): ReadEntry {
  const freshUntil = begunAt + times.ttl * (1 - JITTER * Math.random());
  const revalidateUntil = freshUntil + times.staleWhileRevalidate;
  const usableUntil = revalidateUntil + times.staleIfError;
  return {
    document,
    absent: undefined,
    versions,
    begunAt,
    freshUntil,
    revalidateUntil,
    usableUntil,
    retryAt: 0,
  };
}

/** That there is nothing; only as long as `ttl`, and of no use when the database is away. */
export function absentEntry(absent: Error, { begunAt, versions }: Fetched, ttl: number): ReadEntry {
  const until = begunAt + ttl;
  return {
    document: undefined,
    absent,
    versions,
    begunAt,
    freshUntil: until,
    revalidateUntil: until,
    usableUntil: until,
    retryAt: 0,
  };
}

/** An entry that another process has stored; however its clock goes, it is not kept for longer than one of ours. */
export function sharedEntry({ document, versions, freshUntil }: Envelope, times: Times): ReadEntry {
  const left = Math.min(freshUntil - Date.now(), times.ttl);
  const until = performance.now() + left;
  return {
    document,
    absent: undefined,
    versions,
    begunAt: Number.NEGATIVE_INFINITY,
    freshUntil: until,
    revalidateUntil: until + times.staleWhileRevalidate,
    usableUntil: until + times.staleWhileRevalidate + times.staleIfError,
    retryAt: 0,
  };
}

/**
 * Whether nothing that the entry was made from is known to have changed, by knowledge that is young enough. While
 * versions cannot be told, what this process itself has fetched within the time of trust is no older than what a
 * trusted version would allow.
 */
export function isCurrent(entry: ReadEntry, tags: readonly TagState[], now: number): boolean {
  for (let index = 0; index < tags.length; index++) {
    const tag = tags[index] as TagState;
    if (now < tag.trustedUntil) {
      if (entry.versions?.[index] !== tag.version) return false;
    } else if (now >= entry.begunAt + TRUST_MS || entry.begunAt < tag.changedAt) {
      return false;
    }
  }
  return true;
}

/** The versions of the tags, to be stored with what is fetched from now on; `undefined` when they cannot be told. */
export function versionsOf(tags: readonly TagState[], now: number): number[] | undefined {
  return tags.every((tag) => now < tag.trustedUntil) ? tags.map((tag) => tag.version) : undefined;
}
