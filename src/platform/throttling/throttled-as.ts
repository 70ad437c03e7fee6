import { SetMetadata } from '@nestjs/common';

/** Limits that only some routes count against, beside the one that all do. */
export type SpecialLimit = 'search' | 'run';

/** What a handler counts as; with `whenQuery` only those of its requests that have this query parameter. */
export interface ThrottledAsOptions {
  readonly limit: SpecialLimit;
  readonly whenQuery?: string;
}

export const THROTTLED_AS = Symbol('throttled as');

/**
 * Counts a handler's requests against a special limit as well as against the one for all requests. A refusal by
 * either costs no token of the other.
 */
export function ThrottledAs(
  limit: SpecialLimit,
  { whenQuery }: { whenQuery?: string } = {},
): MethodDecorator {
  const options: ThrottledAsOptions = whenQuery === undefined ? { limit } : { limit, whenQuery };
  return SetMetadata(THROTTLED_AS, options);
}
