import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { createHash } from 'node:crypto';
import { CacheClient } from './cache-client.js';
import { decode, encode, type Envelope } from './cache-envelope.js';
import { CacheStats } from '../cache-stats.js';

/** Longer keys are hashed: a search can be long, and names in Redis are kept in memory twice. */
const MAX_KEY_LENGTH = 120;

/** The tier in Redis, which all processes share, behind Nest's cache manager. Never throws: what fails is a miss. */
@Injectable()
export class RedisTier {
  constructor(
    @Inject(CACHE_MANAGER) private readonly cache: Cache,
    private readonly client: CacheClient,
    private readonly stats: CacheStats,
  ) {}

  async get(key: string): Promise<Envelope | undefined> {
    const found: unknown = await this.cache.get(this.nameOf(key));
    if (found === undefined) return undefined;
    const envelope = decode(key, found);
    if (!envelope) this.stats.tiers.redisCorrupt++;
    return envelope;
  }

  /** @param ttlMs after which Redis forgets it. */
  async set(key: string, envelope: Envelope, ttlMs: number): Promise<void> {
    // The client counts what fails; a value that could not be stored is only fetched once more.
    await this.cache.set(this.nameOf(key), encode(key, envelope), ttlMs).catch(() => undefined);
  }

  private nameOf(key: string): string {
    const name =
      key.length <= MAX_KEY_LENGTH ? key : `#${createHash('sha256').update(key).digest('base64url')}`;
    return this.client.key('read', name);
  }
}
