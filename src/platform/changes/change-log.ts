import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { parseJson } from '../../core/json/index.js';
import { type RedisConfig, redisConfig, SHARED_REDIS } from '../../core/redis/index.js';
import type { Change } from './change.js';
import { ChangesUnavailableError } from './changes.errors.js';
import { ChangeMetrics } from './changes.metrics.js';
import { BEGINNING, entryAt, isUpTo, type Place, placeIn } from './place.js';

/** Changes of one entry, and entries that are kept: up to 200,000 changes, of a few hundred bytes each. */
const BATCH = 100;
const KEPT = 2000;
const ALL_TAKEN = 999_999;

/** Changes that were told together. */
export interface Entry {
  /** Of a reader that has all of them. */
  readonly end: Place;
  readonly changes: readonly Change[];
}

/**
 * The last changes, in a stream of Redis, so that a reader who was away goes on where it was, whichever process it asks.
 * PostgreSQL and the registry of workers are the truth: a change that Redis does not take is counted, and not told.
 */
@Injectable()
export class ChangeLog {
  readonly key: string;

  constructor(
    @Inject(SHARED_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) { prefix }: RedisConfig,
    private readonly metrics: ChangeMetrics,
  ) {
    this.key = `${prefix}:changes`;
  }

  /** Nobody waits for it, and it does not throw. Those of one process are told in its order. */
  append(changes: readonly Change[]): void {
    for (let from = 0; from < changes.length; from += BATCH) void this.add(changes.slice(from, from + BATCH));
  }

  /** The place of a reader that wants only what comes. @throws ChangesUnavailableError */
  async end(): Promise<Place> {
    const [last] = await this.redis.xrevrange(this.key, '+', '-', 'COUNT', 1).catch(unavailable);
    return last ? placeIn(last[0], ALL_TAKEN) : BEGINNING;
  }

  /**
   * What follows a place, up to `count` entries of it. `gap`: what followed the place is not kept any more; these are the
   * oldest that are.
   * @throws ChangesUnavailableError
   */
  async read(after: Place, count: number): Promise<{ entries: Entry[]; gap: boolean }> {
    const rows = await this.redis
      .xrange(this.key, entryAt(after), '+', 'COUNT', count + 1)
      .catch(unavailable);
    const gap = !isIn(rows, after);
    return { entries: rows.flatMap((row) => behind(entryOf(row), after) ?? []), gap };
  }

  /** Whether all that followed a place is still there. @throws ChangesUnavailableError */
  async reachesBackTo(place: Place): Promise<boolean> {
    const at = entryAt(place);
    return isIn(await this.redis.xrange(this.key, at, at).catch(unavailable), place);
  }

  private async add(changes: readonly Change[]): Promise<void> {
    try {
      // While Redis is away they would wait in memory, and be old when it is back.
      if (this.redis.status !== 'ready') throw new Error('Redis is away');
      await this.redis.xadd(this.key, 'MAXLEN', '~', KEPT, '*', 'changes', JSON.stringify(changes));
      this.metrics.told.inc(changes.length);
    } catch {
      this.metrics.lost.inc(changes.length);
    }
  }
}

function unavailable(error: unknown): never {
  throw new ChangesUnavailableError(error);
}

/** Whether rows that were read from a place on have its entry: then none after it is missing. */
const isIn = (rows: [id: string, fields: string[]][], place: Place): boolean =>
  rows[0]?.[0] === entryAt(place) || entryAt(place) === entryAt(BEGINNING);

/** One that cannot be read has no changes. */
export function entryOf([id, fields]: [id: string, fields: string[]]): Entry {
  const read = parseJson(fields[1] ?? '');
  const changes = Array.isArray(read) ? (read as Change[]) : [];
  return { end: placeIn(id, changes.length), changes };
}

/** What of an entry follows a place; `undefined` for one that comes before it. */
export function behind({ end, changes }: Entry, place: Place): Entry | undefined {
  if (isUpTo(end, place)) return undefined;
  return { end, changes: entryAt(end) === entryAt(place) ? changes.slice(place.taken) : changes };
}
