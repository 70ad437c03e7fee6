import type { Limit } from './buckets/limit.js';
import { THROTTLED_AS, type ThrottledAsOptions } from './throttled-as.js';

/** Routes that count against the same limits. */
export interface RouteClass {
  readonly name: 'default' | 'search' | 'run';
  readonly limits: readonly Limit[];
  /** The field `RateLimit-Policy`, which is the same for all of its answers. */
  readonly policy: string;
}

export type RouteClasses = Readonly<Record<RouteClass['name'], RouteClass>>;

/** What a handler's requests count as. */
export type RouteThrottling =
  | 'exempt'
  | { readonly always: RouteClass }
  | { readonly query: string; readonly present: RouteClass; readonly absent: RouteClass };

/** What `SkipThrottle()` of `@nestjs/throttler`, which does not export the name, writes for the limit "default". */
const SKIPPED = 'THROTTLER:SKIPdefault';

/** Reads what the decorators of handler and controller say; the handler's word counts more. */
export function throttlingOf(handler: object, controller: object, classes: RouteClasses): RouteThrottling {
  const read = (key: unknown): unknown =>
    Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, controller);
  if (read(SKIPPED) === true) return 'exempt';
  const special = read(THROTTLED_AS) as ThrottledAsOptions | undefined;
  if (!special) return { always: classes.default };
  const routeClass = classes[special.limit];
  if (special.whenQuery === undefined) return { always: routeClass };
  return { query: special.whenQuery, present: routeClass, absent: classes.default };
}
