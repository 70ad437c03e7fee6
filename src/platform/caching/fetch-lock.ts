import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { CacheClient } from './tiers/cache-client.js';

/** Longer than any statement may take, so that a lock outlives its fetch but not for long a process that died. */
const LOCK_MS = 12_000;

/** Deletes the lock only while it is still this holder's. */
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** What came of trying to get a lock; `unavailable` when Redis does not answer, so that nobody can tell. */
export type LockAttempt = { release: () => Promise<void> } | 'taken' | 'unavailable';

/** Lets one process at a time fetch a key. It saves work and protects nothing: who cannot get it fetches all the same. */
@Injectable()
export class FetchLock {
  constructor(private readonly client: CacheClient) {}

  async acquire(name: string): Promise<LockAttempt> {
    const key = this.client.key('lock', name);
    const token = randomUUID();
    try {
      const answer = await this.client.run((redis) => redis.set(key, token, 'PX', LOCK_MS, 'NX'));
      if (answer !== 'OK') return 'taken';
    } catch {
      return 'unavailable'; // Counted by the client.
    }
    return {
      release: async () => {
        // A lock that could not be released expires.
        await this.client.run((redis) => redis.eval(RELEASE, 1, key, token)).catch(() => undefined);
      },
    };
  }

  /** Whether somebody is fetching; false when it cannot be told. */
  async isTaken(name: string): Promise<boolean> {
    const key = this.client.key('lock', name);
    return this.client
      .run((redis) => redis.exists(key))
      .then(
        (count) => count === 1,
        () => false,
      );
  }
}
