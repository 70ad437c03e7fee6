import { z } from 'zod';
import { type ConfigOf, defineConfig, setting, urlOf } from '../config/index.js';

export const redisConfig = defineConfig('redis', {
  url: setting('REDIS_URL', urlOf(['redis', 'rediss'], 'redis://:password@host:6379/0'), 'where Redis is', {
    secret: true,
  }),
  prefix: setting(
    'REDIS_PREFIX',
    z
      .string()
      .regex(/^[a-z0-9-]{1,40}$/, 'expected 1 to 40 of a-z, 0-9 and "-"')
      .default('gleaner'),
    'first part of every key, so that several installations can share a server',
  ),
});

export type RedisConfig = ConfigOf<typeof redisConfig>;
