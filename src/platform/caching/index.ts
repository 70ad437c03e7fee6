export { CachingModule } from './caching.module.js';
export { ReadCache } from './read-cache.js';
