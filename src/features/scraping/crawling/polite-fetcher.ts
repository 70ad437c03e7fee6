import { Inject, Injectable } from '@nestjs/common';
import type { Politeness, Source } from '../../sources/index.js';
import { FetchError, HttpStatusError, TooManyRedirectsError } from '../fetching/fetch.errors.js';
import { type FetchAnswer, type FetchRequest, HttpFetcher } from '../fetching/http-fetcher.js';
import { OutboundGuard } from '../fetching/outbound-guard.js';
import { HostGate } from '../politeness/host-gate.js';
import type { HostOutcome, HostPolicy } from '../politeness/host-policy.js';
import { ROBOTS_MAX_BYTES } from '../robots/robots-file.js';
import type { RobotsRules } from '../robots/robots-rules.js';
import { type RobotsAnswer, RobotsTxt } from '../robots/robots-txt.js';
import { RobotsDisallowedError } from '../robots/robots.errors.js';
import type { StatCounter } from '../runs/run-stats.js';
import { type ScrapingConfig, scrapingConfig } from '../scraping.config.js';
import type { SourceUrls } from './source-urls.js';

/** An answer that is not one more redirect. */
export type PageAnswer = Exclude<FetchAnswer, { kind: 'redirect' }>;

/** All that answers a request which does not ask to compare. */
export type FetchedPage = Extract<FetchAnswer, { kind: 'page' }>;

/** What is to be fetched. */
export interface PageRequest {
  readonly url: URL;
  readonly accept: FetchRequest['accept'];
  /** What the site is asked to compare with, if it is this URL that answers, after redirects, too. */
  readonly known?: KnownPage | undefined;
}

interface KnownPage {
  readonly url: string | null;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** For whom something is fetched. */
export interface FetchContext {
  readonly source: Pick<Source, 'politeness'>;
  readonly urls: SourceUrls;
  readonly stats: StatCounter;
  readonly signal: AbortSignal;
}

/**
 * Fetches as politely as the source says: every single request, also one of robots.txt or after a redirect, waits for
 * its turn at its host, and tells the host's gate how it went.
 */
@Injectable()
export class PoliteFetcher {
  constructor(
    private readonly gate: HostGate,
    private readonly robots: RobotsTxt,
    private readonly fetcher: HttpFetcher,
    private readonly guard: OutboundGuard,
    @Inject(scrapingConfig.token) private readonly config: Pick<ScrapingConfig, 'maxRedirects'>,
  ) {}

  /**
   * Follows redirects within the source's hosts, as far as robots.txt allows.
   * @throws FetchError; HostBlockedError when the host may not be asked for some time; PermitLostError when it was cut
   * off because Redis is away; the signal's reason.
   */
  async get(request: PageRequest & { known?: undefined }, context: FetchContext): Promise<FetchedPage>;
  async get(request: PageRequest, context: FetchContext): Promise<PageAnswer>;
  async get({ url: start, accept, known }: PageRequest, context: FetchContext): Promise<PageAnswer> {
    const { politeness } = context.source;
    let url = start;
    for (let redirects = 0; redirects <= this.config.maxRedirects; redirects++) {
      context.urls.requireOnSite(url);
      const rules = politeness.robotsTxt ? await this.rulesFor(url, context) : undefined;
      if (rules && !rules.allows(url)) throw new RobotsDisallowedError(url.href);
      const request = { url, accept, validators: validatorsFor(url, known) };
      const answer = await this.ask(request, policyOf(politeness, rules), context);
      if (answer.kind !== 'redirect') return answer;
      url = answer.location;
    }
    throw new TooManyRedirectsError(start.href, this.config.maxRedirects);
  }

  /** What robots.txt of the URL's origin says. It is fetched at the source's pace, too. */
  async rulesFor(url: URL, context: FetchContext): Promise<RobotsRules> {
    const rules = this.robots.rulesFor(url, async (robotsUrl) => this.getRobots(robotsUrl, context));
    // It may be another caller's request that is waited for, which our signal does not stop.
    return unlessAborted(rules, context.signal);
  }

  /** RFC 9309, 2.3.1.2: redirects are followed five times, also to other hosts. */
  private async getRobots(start: URL, context: FetchContext): Promise<RobotsAnswer> {
    const policy = policyOf(context.source.politeness, undefined);
    let url = start;
    for (let redirects = 0; redirects <= ROBOTS_REDIRECTS; redirects++) {
      try {
        const answer = await this.ask(
          { url, accept: 'text', maxBodyBytes: ROBOTS_MAX_BYTES },
          policy,
          context,
        );
        if (answer.kind === 'page') return { status: 200, text: answer.text };
        if (answer.kind === 'not-modified') return { status: answer.status, text: '' };
        url = answer.location;
      } catch (error) {
        if (error instanceof HttpStatusError) return { status: error.status, text: '' };
        throw error;
      }
    }
    // As if there were none: a site that sends everybody in circles has no rules.
    return { status: 404, text: '' };
  }

  private async ask(
    request: FetchRequest,
    policy: HostPolicy,
    { stats, signal }: FetchContext,
  ): Promise<FetchAnswer> {
    // Before anybody waits for something that is refused in the end.
    this.guard.checkUrl(request.url);
    const permit = await this.gate.enter(request.url.host, policy, signal);
    stats.add('downloader/request_count');
    try {
      const answer = await this.fetcher.fetch(request, signal, permit.signal);
      stats.add(`downloader/response_status_count/${answer.status}`);
      permit.leave({ kind: 'answered', latencyMs: answer.latencyMs, status: answer.status });
      return answer;
    } catch (error) {
      if (error instanceof HttpStatusError) stats.add(`downloader/response_status_count/${error.status}`);
      permit.leave(signal.aborted || permit.signal.aborted ? { kind: 'unused' } : hostOutcome(error));
      throw error;
    }
  }
}

/** A validator means something only to the URL that gave it. */
function validatorsFor(url: URL, known: KnownPage | undefined): FetchRequest['validators'] {
  if (known?.url !== url.href) return undefined;
  return { etag: known.etag ?? undefined, lastModified: known.lastModified ?? undefined };
}

const ROBOTS_REDIRECTS = 5;

/** @throws the signal's reason as soon as it aborts. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function policyOf(
  { downloadDelayMs, burst, concurrentRequests, autoThrottle }: Politeness,
  rules: RobotsRules | undefined,
): HostPolicy {
  const crawlDelayMs = rules?.crawlDelayMs ?? 0;
  return {
    delayMs: Math.max(downloadDelayMs, crawlDelayMs),
    // Whoever asks for a delay means every request.
    burst: crawlDelayMs > downloadDelayMs ? 1 : burst,
    concurrency: concurrentRequests,
    autoThrottle,
  };
}

/** What a failed request says about the host. */
function hostOutcome(error: unknown): HostOutcome {
  if (error instanceof HttpStatusError) {
    const { status, retryAfterMs } = error;
    if (status === 429 || (status === 503 && retryAfterMs !== undefined))
      return { kind: 'throttled', retryAfterMs };
  }
  if (error instanceof FetchError && error.hostFailure) return { kind: 'failed' };
  return error instanceof HttpStatusError
    ? { kind: 'answered', latencyMs: 0, status: error.status }
    : { kind: 'unused' };
}
