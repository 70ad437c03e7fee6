import { FetchError, shown } from '../fetching/fetch.errors.js';

/** The site has asked crawlers not to fetch this page. */
export class RobotsDisallowedError extends FetchError {
  readonly code = 'robots.disallowed';

  constructor(url: string) {
    super(`${shown(url)} is not fetched: the robots.txt of its site disallows it.`);
  }
}

/**
 * Nobody can tell what the site asks of crawlers, so for as long as that lasts nothing of it is fetched (RFC 9309
 * §2.3.1.4). Not a failure of the host on top of the one that robots.txt could not be fetched for.
 */
export class RobotsUnreachableError extends FetchError {
  readonly code = 'robots.unreachable';
  override readonly retryable = true;

  /** @param retryAfterMs milliseconds in which it is not asked for again. */
  constructor(
    origin: string,
    why: string,
    readonly retryAfterMs: number,
  ) {
    super(`Nothing of ${shown(origin)} is fetched, because its robots.txt cannot be had: ${why}`);
  }
}
