import { createHash } from 'node:crypto';
import { z } from 'zod';

/** How a kind of read is cached. Declare it once, as a constant, with {@link cachedRead}. */
export interface CacheOptions {
  /** Name of the kind: first part of its keys, and the label of its metrics. */
  readonly cache: string;
  /** Changes when the shape of the answer does, so that a release never reads what another one wrote. */
  readonly schema: string;
  /** What invalidates it; names that stand in code, for every process watches each of them. */
  readonly tags: readonly string[];
  /** Milliseconds that it is fresh; by default CACHE_TTL_MS. */
  readonly ttl?: number;
  /** Milliseconds after that in which it is answered at once and refreshed meanwhile. */
  readonly staleWhileRevalidate?: number;
  /** Whether fetching it twice costs more than asking Redis for a lock, so that one process fetches for all. */
  readonly expensive?: boolean;
}

/**
 * Declares a kind of read.
 * @param answer schema of what is answered: its hash is the version of the keys.
 */
export function cachedRead(answer: z.ZodType, options: Omit<CacheOptions, 'schema'>): CacheOptions {
  const shape = JSON.stringify(z.toJSONSchema(answer));
  return Object.freeze({
    ...options,
    schema: createHash('sha256').update(shape).digest('base64url').slice(0, 8),
  });
}
