import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { once, setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../core/errors/index.js';
import { RedisConnections } from '../../core/redis/index.js';
import { behind, ChangeLog, type Entry, entryOf } from './change-log.js';
import { entryAt, isUpTo, type Place } from './place.js';

/** Entries in memory, for readers that keep up. */
const RECENT = 100;
/** Entries read for one that does not. */
const BATCH = 20;
/** Below the socket time-out. */
const BLOCK_MS = 5000;
const SOCKET_TIMEOUT_MS = 8000;
const RETRY_MS = 1000;

/** What a reader gets: entries in their order, and `gap` where some are missing before them. */
export interface Read {
  readonly entries: readonly Entry[];
  readonly gap: boolean;
}

/**
 * Lets many readers follow the log on one connection. Each has a place of its own: one that keeps up is given what was
 * read for all, one that was away or is slow is read for by itself, and nothing is kept for it meanwhile.
 */
@Injectable()
export class ChangeFeed implements OnApplicationShutdown {
  private readonly logger = new Logger(ChangeFeed.name);
  private readonly news = new EventTarget();
  private readonly stop = new AbortController();
  private readers = 0;
  private reading: Promise<void> | undefined;
  private redis: Redis | undefined;
  /** What was read last, complete behind `from`. */
  private recent: Entry[] = [];
  private from: Place | undefined;
  /** How often there was something to look at. */
  private looks = 0;

  constructor(
    private readonly log: ChangeLog,
    private readonly connections: RedisConnections,
  ) {
    // One for each reader; how many there may be is up to whoever lets them in.
    setMaxListeners(0, this.news);
  }

  /** What follows a place, until `signal` says that it is enough. @throws ChangesUnavailableError */
  async *follow(after: Place, signal: AbortSignal): AsyncGenerator<Read> {
    this.readers++;
    this.reading ??= this.keepReading();
    try {
      for (let place = after; !signal.aborted;) {
        const looks = this.looks;
        const read = this.recall(place) ?? (await this.log.read(place, BATCH));
        if (read.gap || read.entries.length > 0) {
          // Before the reader hears of a gap: what comes while it looks what it has missed is for it, too.
          const next = read.entries.at(-1)?.end ?? (await this.log.end());
          yield read;
          place = next;
        } else if (looks === this.looks) {
          await once(this.news, 'read', { signal }).catch(() => undefined);
        }
      }
    } finally {
      this.readers--;
    }
  }

  onApplicationShutdown(): void {
    this.stop.abort();
    this.redis?.disconnect();
  }

  private recall(place: Place): Read | undefined {
    if (!this.from || !isUpTo(this.from, place)) return undefined;
    return { entries: this.recent.flatMap((entry) => behind(entry, place) ?? []), gap: false };
  }

  private async keepReading(): Promise<void> {
    this.redis ??= this.connections.connect('changes', {
      maxRetriesPerRequest: 0,
      socketTimeout: SOCKET_TIMEOUT_MS,
    });
    while (this.readers > 0 && !this.stop.signal.aborted) {
      try {
        await this.readSome(this.redis);
      } catch (error) {
        this.forget();
        if (this.stop.signal.aborted) break;
        this.logger.debug(`changes cannot be read: ${messageOf(error)}`);
        await delay(RETRY_MS, undefined, { signal: this.stop.signal }).catch(() => undefined);
      }
    }
    this.forget();
    this.reading = undefined;
  }

  private async readSome(redis: Redis): Promise<void> {
    if (!this.from) {
      this.from = await this.log.end();
      // Whoever has looked before this looks once more for what came in between.
      this.tell();
    }
    const last = this.recent.at(-1)?.end ?? this.from;
    const answer = await redis.xread(
      'COUNT',
      BATCH,
      'BLOCK',
      BLOCK_MS,
      'STREAMS',
      this.log.key,
      entryAt(last),
    );
    const rows = answer?.[0]?.[1] ?? [];
    if (rows.length === 0) return;
    if (!(await this.log.reachesBackTo(last))) {
      // This process was frozen for longer than entries are kept. Its readers find out one by one what they miss.
      this.forget();
      return;
    }
    this.recent.push(...rows.map(entryOf));
    const old = this.recent.splice(0, Math.max(0, this.recent.length - RECENT));
    this.from = old.at(-1)?.end ?? this.from;
    this.tell();
  }

  private tell(): void {
    this.looks++;
    this.news.dispatchEvent(new Event('read'));
  }

  private forget(): void {
    this.recent = [];
    this.from = undefined;
  }
}
