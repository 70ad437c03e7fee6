import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { once } from 'node:events';
import { type RedisConfig, redisConfig, RedisConnections } from '../../../core/redis/index.js';
import { MAGIC } from './cache-envelope.js';
import { CacheStats } from '../cache-stats.js';
import { type CachingConfig, cachingConfig } from '../caching.config.js';
import { Circuit, CircuitOpenError } from './circuit.js';

/** Longer than any answer takes; a connection that went dead without a word is opened anew after it. */
const SOCKET_TIMEOUT_MS = 5000;

/** How long booting waits for Redis; without it reads come from the database. */
const BOOT_WAIT_MS = 1000;

/** What an entry costs Redis beside its value: key, expiry, and its lines in the two indexes. */
const OVERHEAD_BYTES = 400;

/**
 * Stores an entry within a budget of bytes. KEYS: entry, index by expiry, sizes. ARGV: value, ttl in ms, budget.
 * The index is what keeps Redis, which evicts nothing because the queues live in it, from filling up with whatever
 * clients care to ask for. Entries that have expired leave the account first, then those that would expire soonest
 * make room. Answers the bytes held now, and how many entries had to go before their time.
 */
const STORE = `
local entry, index, sizes = KEYS[1], KEYS[2], KEYS[3]
local ttl, budget = tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local total = tonumber(redis.call('HGET', sizes, '') or 0)
local function drop(key)
  total = total - tonumber(redis.call('HGET', sizes, key) or 0)
  redis.call('HDEL', sizes, key)
  redis.call('ZREM', index, key)
end
drop(entry)
for _, key in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, 100)) do drop(key) end
local size, evicted = #ARGV[1] + #entry + ${OVERHEAD_BYTES}, 0
while total + size > budget and evicted < 1000 do
  local first = redis.call('ZRANGE', index, 0, 0)[1]
  if not first then total = 0 break end
  drop(first)
  redis.call('DEL', first)
  evicted = evicted + 1
end
if total + size <= budget then
  redis.call('SET', entry, ARGV[1], 'PX', ttl)
  redis.call('ZADD', index, now + ttl, entry)
  redis.call('HSET', sizes, entry, size)
  total = total + size
else
  redis.call('DEL', entry)
end
redis.call('HSET', sizes, '', total)
return {total, evicted}`;

type CacheRedis = Redis & {
  gleanerStore(
    entry: string,
    index: string,
    sizes: string,
    value: string,
    ttl: number,
    budget: number,
  ): Promise<[bytes: number, evicted: number]>;
};

/**
 * The cache's own connection to Redis, where every command has a deadline and a circuit keeps reads from waiting for
 * a Redis that does not answer. It has as much of a client's shape as `cache-manager-ioredis-yet` uses (get, set and
 * del), so that this store works through the same guard.
 */
@Injectable()
export class CacheClient implements OnModuleInit {
  readonly circuit: Circuit;
  private readonly redis: CacheRedis;

  constructor(
    connections: RedisConnections,
    @Inject(redisConfig.token) private readonly config: RedisConfig,
    @Inject(cachingConfig.token) private readonly caching: CachingConfig,
    private readonly stats: CacheStats,
  ) {
    this.circuit = new Circuit(caching.redisTimeoutMs);
    // A command that cannot be sent now is of no use later: the read has been answered by the database by then.
    this.redis = connections.connect('cache', {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: SOCKET_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      scripts: { gleanerStore: { lua: STORE, numberOfKeys: 3 } },
    }) as CacheRedis;
  }

  /** The first reads should find Redis, if it is there: commands are not queued until it is. */
  async onModuleInit(): Promise<void> {
    if (this.redis.status === 'ready') return;
    await once(this.redis, 'ready', { signal: AbortSignal.timeout(BOOT_WAIT_MS) }).catch(() => undefined);
  }

  /** The name of something of the cache's in Redis. */
  key(...parts: readonly string[]): string {
    return [this.config.prefix, 'cache', ...parts].join(':');
  }

  /**
   * Runs a command within its deadline.
   * @param probe let through although the circuit is open.
   * @throws CircuitOpenError, DeadlineError, and what ioredis throws.
   */
  async run<T>(command: (redis: Redis) => Promise<T>, { probe = false } = {}): Promise<T> {
    try {
      return await this.circuit.run(async () => command(this.redis), { probe });
    } catch (error) {
      if (error instanceof CircuitOpenError) this.stats.tiers.redisSkipped++;
      else this.stats.tiers.redisErrors++;
      throw error;
    }
  }

  /** The store revives some texts as objects, even functions: nothing that the cache has not written gets to it. */
  async get(key: string): Promise<string | null> {
    const value = await this.run((redis) => redis.get(key));
    if (value === null || isText(value)) return value;
    this.stats.tiers.redisCorrupt++;
    return null;
  }

  /** As the store calls it: always with a time to live. */
  async set(key: string, value: string, _px: 'PX', ttl: number): Promise<void> {
    const { redisBytes } = this.caching;
    const [bytes, evicted] = await this.run(() =>
      this.redis.gleanerStore(key, this.key('index'), this.key('sizes'), value, ttl, redisBytes),
    );
    this.stats.tiers.redisBytes = bytes;
    this.stats.tiers.redisEvictions += evicted;
  }

  async del(key: string): Promise<void> {
    await this.run((redis) => redis.del(key));
  }
}

/** Whether it is one JSON text that begins as ours do, and nothing beside it. */
function isText(value: string): boolean {
  if (!value.startsWith(`"${MAGIC}`)) return false;
  try {
    return typeof JSON.parse(value) === 'string';
  } catch {
    return false; // Not of ours; the caller counts it.
  }
}
