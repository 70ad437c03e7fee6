import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { parseJson } from '../../core/json/index.js';
import { LOG_LEVELS, type LogLevel } from '../../core/logging/index.js';
import { fromRedisError, type RedisConfig, redisConfig, SHARED_REDIS } from '../../core/redis/index.js';

const stored = z.object({ level: z.enum(LOG_LEVELS), expiresAt: z.number().nullable() });

/** The level of a module that somebody has set at run time. */
export interface SetLevel {
  /** As lines have it in `module`; `*` for all that have none of their own. */
  readonly module: string;
  readonly level: LogLevel;
  /** Null: until it is taken back. */
  readonly expiresAt: Date | null;
}

/** Levels of modules at run time: kept in Redis, for all processes and those to come, until they expire or are taken back. */
@Injectable()
export class LogLevelSettings {
  private readonly key: string;

  constructor(
    @Inject(SHARED_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) config: RedisConfig,
  ) {
    this.key = `${config.prefix}:log-levels`;
  }

  /** Those that have not expired, by name. */
  async all(): Promise<SetLevel[]> {
    const entries = Object.entries(await this.ask(() => this.redis.hgetall(this.key)));
    return entries
      .flatMap(([module, json]) => {
        const { data } = stored.safeParse(parseJson(json));
        if (!data || (data.expiresAt !== null && data.expiresAt <= Date.now())) return [];
        const expiresAt = data.expiresAt === null ? null : new Date(data.expiresAt);
        return [{ module, level: data.level, expiresAt }];
      })
      .sort((a, b) => (a.module < b.module ? -1 : 1));
  }

  /** @param seconds until it expires; null for never. Processes heed it within about a second. */
  async set(module: string, level: LogLevel, seconds: number | null): Promise<SetLevel> {
    const expiresAt = seconds === null ? null : Date.now() + seconds * 1000;
    await this.ask(() => this.redis.hset(this.key, module, JSON.stringify({ level, expiresAt })));
    return { module, level, expiresAt: expiresAt === null ? null : new Date(expiresAt) };
  }

  /** From then on LOG_LEVEL holds again. @returns whether there was one. */
  async remove(module: string): Promise<boolean> {
    return (await this.ask(() => this.redis.hdel(this.key, module))) > 0;
  }

  private async ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      throw fromRedisError(error);
    }
  }
}
