export { connected } from './connected.js';
export { RedisConnections } from './redis-connections.js';
export { fromRedisError } from './redis.errors.js';
export { type RedisConfig, redisConfig } from './redis.config.js';
export { RedisModule } from './redis.module.js';
export { Script } from './script.js';
export { SHARED_REDIS } from './shared-redis.js';
