export { CachedDocument } from './cached-document.js';
export { cachedRead } from './cache-options.js';
export { CachingModule } from './caching.module.js';
export { negotiateEncoding } from './http/accept-encoding.js';
export { ApiCachedRead } from './http/api-cached.js';
export { DocumentAnswers } from './http/document-answers.js';
export { ReadCache } from './read-cache.js';
