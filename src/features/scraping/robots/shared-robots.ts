import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type RedisConfig, redisConfig, SHARED_REDIS } from '../../../core/redis/index.js';
import { isSitemap, type RobotsFile } from './robots-file.js';

/** First characters of everything that this release writes; another shape gets another number. */
const MAGIC = 'gleaner-robots-1 ';

/** Redis, where the queues live, forgets nothing by itself: what is larger, every process fetches for itself. */
const MAX_BYTES = 65_536;

const file = z.object({
  allow: z.array(z.string().min(1)),
  disallow: z.array(z.string().min(1)),
  crawlDelayMs: z.number().min(0).max(300_000).optional(),
  sitemaps: z.array(z.string().refine(isSitemap)).max(50),
}) satisfies z.ZodType<RobotsFile>;

const finding = z.union([
  /** What the file says. */
  z.strictObject({ file, expiresAt: z.int() }),
  /** Why it could not be had. */
  z.strictObject({ unreachable: z.string().max(1000), expiresAt: z.int() }),
]);

/** What came of asking for a robots.txt; `expiresAt` is in milliseconds since the epoch. */
export type RobotsFinding = z.output<typeof finding>;

/** Findings in Redis, so that one worker asks for all. A finding is for one product token: another reads the file anew. */
@Injectable()
export class SharedRobots {
  constructor(
    @Inject(SHARED_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) private readonly config: RedisConfig,
  ) {}

  /** @returns `missing` also for what is spoilt; `unknown` when Redis does not answer. */
  async get(origin: string, token: string): Promise<RobotsFinding | 'missing' | 'unknown'> {
    try {
      return decoded(await this.redis.getrange(this.key(origin), 0, MAX_BYTES), token) ?? 'missing';
    } catch {
      return 'unknown'; // Without Redis every process asks by itself.
    }
  }

  /** @returns whether others can see it. */
  async set(origin: string, token: string, value: RobotsFinding): Promise<boolean> {
    const text = `${MAGIC}${JSON.stringify([token, value])}`;
    const ttl = value.expiresAt - Date.now();
    if (Buffer.byteLength(text) > MAX_BYTES || ttl <= 0) return false;
    return this.redis.set(this.key(origin), text, 'PX', ttl).then(
      () => true,
      () => false,
    );
  }

  private key(origin: string): string {
    return `${this.config.prefix}:robots:${origin}`;
  }
}

function decoded(text: string, token: string): RobotsFinding | undefined {
  if (!text.startsWith(MAGIC)) return undefined;
  try {
    return z.tuple([z.literal(token), finding]).parse(JSON.parse(text.slice(MAGIC.length)))[1];
  } catch {
    return undefined; // Not of ours, or for another crawler.
  }
}
