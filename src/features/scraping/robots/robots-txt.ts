import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { messageOf } from '../../../core/errors/index.js';
import { FetchError, HttpStatusError, TooManyRedirectsError } from '../fetching/fetch.errors.js';
import { type FetchingConfig, fetchingConfig } from '../fetching/fetching.config.js';
import { NO_ROBOTS, parseRobots, productToken } from './robots-file.js';
import { type RobotsRules, rulesOf } from './robots-rules.js';
import { RobotsUnreachableError } from './robots.errors.js';
import { type RobotsFinding, SharedRobots } from './shared-robots.js';

/** RFC 9309 §2.4: not longer than a day. */
const KEEP_MS = 24 * 3_600_000;

/** How long it is not asked for again after it could not be had. */
const KEEP_FAILURE_MS = 30_000;

/** How long what this process knows is believed before it looks whether others know something newer. */
const BELIEVE_MS = 60_000;

const MAX_ORIGINS = 500;

/** Bytes of all of them together, about: a single file can have tens of thousands of rules. */
const MAX_BYTES = 33_554_432;
const BYTES_PER_RULE = 200;

/** The answer of a site when it was asked for its robots.txt; redirects have been followed. */
export interface RobotsAnswer {
  status: number;
  text: string;
}

/** Fetches a robots.txt as it fetches pages: in turn, and following up to five redirects. */
export type RobotsFetch = (robotsUrl: URL) => Promise<RobotsAnswer>;

/** What this process knows of an origin. A failure that is not shared is one that will not pass by itself. */
interface Known {
  readonly outcome: RobotsRules | { unreachable: string } | { failure: FetchError };
  readonly bytes: number;
  readonly expiresAt: number;
  /** Whether it is in Redis, too. */
  readonly shared: boolean;
  readonly checkedAt: number;
}

/**
 * What sites ask of crawlers (RFC 9309), known to all workers:
 *
 * 1. What this process knows is believed for a minute; then it looks in Redis whether that is still so.
 * 2. What Redis does not know either is fetched, by one caller of a process for all, and put there for a day. An
 *    operator who deletes the key has it fetched anew.
 * 3. No such file (any 4xx but 429, more redirects than are followed): everything is allowed.
 * 4. 5xx, 429, and no answer at all: nothing is allowed. That is known for half a minute, then tried again.
 *
 * Without Redis each process goes by what it knows itself.
 */
@Injectable()
export class RobotsTxt {
  private readonly token: string;
  private readonly memory = new LRUCache<string, Known>({
    max: MAX_ORIGINS,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ bytes }) => bytes,
  });
  private readonly flights = new Map<string, Promise<Known | undefined>>();

  constructor(
    @Inject(fetchingConfig.token) { userAgent }: FetchingConfig,
    private readonly shared: SharedRobots,
  ) {
    this.token = productToken(userAgent);
  }

  /**
   * Rules of the URL's origin.
   * @param fetch called at most once, and not at all when the rules are known or somebody else is just asking for them;
   *   that one's fetch may take its time, so whoever can be stopped has to stop waiting by itself.
   * @throws RobotsUnreachableError while they cannot be had; the FetchError itself when it will not pass; what else
   *   `fetch` throws, such as the reason of a signal.
   */
  async rulesFor(url: URL, fetch: RobotsFetch): Promise<RobotsRules> {
    const { origin } = url;
    for (;;) {
      const known = this.memory.get(origin);
      if (known && isCurrent(known)) return rulesIn(known, origin);
      const flight = this.flights.get(origin);
      if (!flight) return rulesIn(await this.lead(origin, fetch), origin);
      // Whoever asked first may have been stopped before there was an answer: then somebody else has to.
      const found = await flight;
      if (found) return rulesIn(found, origin);
    }
  }

  private async lead(origin: string, fetch: RobotsFetch): Promise<Known> {
    const flight = this.look(origin, fetch);
    this.flights.set(
      origin,
      flight.catch(() => undefined),
    );
    try {
      const known = await flight;
      this.memory.set(origin, known);
      return known;
    } finally {
      this.flights.delete(origin);
    }
  }

  private async look(origin: string, fetch: RobotsFetch): Promise<Known> {
    const own = this.memory.peek(origin);
    const found = await this.shared.get(origin, this.token);
    if (typeof found === 'object' && found.expiresAt > Date.now()) return knownOf(found, true);
    if (found === 'unknown' && own && own.expiresAt > Date.now()) return { ...own, checkedAt: Date.now() };
    const fetched = await this.ask(origin, fetch);
    if (fetched instanceof FetchError) {
      const now = Date.now();
      return {
        outcome: { failure: fetched },
        bytes: BYTES_PER_RULE,
        expiresAt: now + KEEP_FAILURE_MS,
        shared: false,
        checkedAt: now,
      };
    }
    return knownOf(fetched, await this.shared.set(origin, this.token, fetched));
  }

  /** @returns the error when it is one that will not pass. */
  private async ask(origin: string, fetch: RobotsFetch): Promise<RobotsFinding | FetchError> {
    try {
      const { status, text } = await fetch(new URL('/robots.txt', origin));
      if (status >= 500 || status === 429) return unreachable(`it is answered with status ${status}.`);
      const file = status >= 200 && status < 300 ? parseRobots(text, this.token) : NO_ROBOTS;
      return { file, expiresAt: Date.now() + KEEP_MS };
    } catch (error) {
      if (!(error instanceof FetchError)) throw error;
      const absent =
        error instanceof TooManyRedirectsError ||
        (error instanceof HttpStatusError && error.status < 500 && error.status !== 429);
      if (absent) return { file: NO_ROBOTS, expiresAt: Date.now() + KEEP_MS };
      if (error.retryable || error instanceof HttpStatusError) return unreachable(messageOf(error));
      return error;
    }
  }
}

function unreachable(why: string): RobotsFinding {
  return { unreachable: why.slice(0, 500), expiresAt: Date.now() + KEEP_FAILURE_MS };
}

/** Clocks differ: nothing is believed for longer than if it had just been found. */
function knownOf(found: RobotsFinding, shared: boolean): Known {
  const checkedAt = Date.now();
  if ('unreachable' in found) {
    const expiresAt = Math.min(found.expiresAt, checkedAt + KEEP_FAILURE_MS);
    return { outcome: found, bytes: BYTES_PER_RULE, expiresAt, shared, checkedAt };
  }
  const { allow, disallow, sitemaps } = found.file;
  const texts = [...allow, ...disallow, ...sitemaps];
  return {
    outcome: rulesOf(found.file),
    bytes: texts.reduce((sum, text) => sum + 2 * text.length + BYTES_PER_RULE, BYTES_PER_RULE),
    expiresAt: Math.min(found.expiresAt, checkedAt + KEEP_MS),
    shared,
    checkedAt,
  };
}

function isCurrent({ expiresAt, shared, checkedAt }: Known): boolean {
  const now = Date.now();
  return now < expiresAt && (!shared || now < checkedAt + BELIEVE_MS);
}

function rulesIn({ outcome, expiresAt }: Known, origin: string): RobotsRules {
  if ('failure' in outcome) throw outcome.failure;
  if ('unreachable' in outcome)
    throw new RobotsUnreachableError(origin, outcome.unreachable, Math.max(expiresAt - Date.now(), 0));
  return outcome;
}
