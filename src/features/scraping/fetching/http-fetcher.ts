import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Dispatcher } from 'undici';
import { correlation } from '../../../core/correlation/index.js';
import { currentWorkUnit } from '../../../core/performance/index.js';
import { type Accepted, acceptable } from './accepted.js';
import { fetchFailure } from './fetch-failure.js';
import {
  BodyTooLargeError,
  ContentEncodingError,
  ContentTypeError,
  FetchTimeoutError,
  HttpStatusError,
  RefusedUrlError,
} from './fetch.errors.js';
import { type FetchingConfig, fetchingConfig } from './fetching.config.js';
import { guardedConnector } from './guarded-connector.js';
import { HOST_LOOKUP, type HostLookup } from './host-lookup.js';
import { OriginPools } from './origin-pools.js';
import { OutboundGuard } from './outbound-guard.js';
import { gunzipped, readBody } from './read-body.js';
import { timed } from './response-latency.js';
import { retryAfterMs } from './retry-after.js';
import { TimeLimit } from './time-limit.js';
import { unpack } from './unpack.js';
import { conditions, type Validators, validatorsOf } from './validators.js';

export interface FetchRequest {
  /** Canonical; a fragment is not sent. */
  url: URL;
  accept: Accepted;
  /** Those of the version that is known; if it is still the one, the answer is `not-modified`. */
  validators?: Validators | undefined;
  /** Bytes of the unpacked body; SCRAPE_MAX_BODY_BYTES if not given. Longer pages are refused, longer texts cut. */
  maxBodyBytes?: number;
}

/** `latencyMs` is the time from sending the request to the headers of the answer, without connecting. */
export type FetchAnswer =
  | {
      kind: 'page';
      url: URL;
      status: 200;
      text: string;
      /** Size of the body after unpacking. */
      bytes: number;
      latencyMs: number;
      validators: Validators;
    }
  | { kind: 'not-modified'; url: URL; status: 304; latencyMs: number }
  | { kind: 'redirect'; url: URL; status: number; location: URL; latencyMs: number };

interface Asked {
  response: Dispatcher.ResponseData;
  latencyMs: number;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Names and cookies of an answer; Node's own limit for a server is 16 KiB, and pages set more cookies than clients. */
const MAX_HEADER_BYTES = 32_768;

/**
 * Fetches one answer: bounded in time and size, and from where the guard allows only. Redirects are answers, too: to
 * follow one is another request, for which its host has to be asked politely.
 */
@Injectable()
export class HttpFetcher implements OnApplicationShutdown {
  private readonly pools: OriginPools;

  constructor(
    @Inject(fetchingConfig.token) private readonly config: FetchingConfig,
    private readonly guard: OutboundGuard,
    @Inject(HOST_LOOKUP) lookup: HostLookup,
  ) {
    this.pools = new OriginPools({
      connect: guardedConnector(guard, lookup, config.connectTimeoutMs),
      headersTimeout: config.headersTimeoutMs,
      bodyTimeout: config.bodyTimeoutMs,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
  }

  /**
   * @throws FetchError of the class that says what went wrong; the reason of a signal that aborts.
   */
  async fetch(request: FetchRequest, ...signals: AbortSignal[]): Promise<FetchAnswer> {
    this.guard.checkUrl(request.url);
    const { timeoutMs } = this.config;
    const limit = new TimeLimit(signals, timeoutMs);
    const unit = currentWorkUnit();
    const begunAt = performance.now();
    try {
      return await this.answer(request, await this.ask(request, limit));
    } catch (error) {
      if (limit.aborted) throw limit.aborted.reason;
      if (limit.isOver) throw new FetchTimeoutError(request.url.href, 'total', timeoutMs);
      throw fetchFailure(error, request.url.href, { ...this.config, maxHeaderBytes: MAX_HEADER_BYTES });
    } finally {
      if (unit) {
        unit.fetches++;
        unit.fetchSeconds += (performance.now() - begunAt) / 1000;
      }
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pools.destroy();
  }

  private async ask({ url, accept, validators = {} }: FetchRequest, limit: TimeLimit): Promise<Asked> {
    try {
      const asked = await timed(this.pools.of(url.origin), {
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        headers: {
          'user-agent': this.config.userAgent,
          accept: acceptable[accept].header,
          'accept-encoding': 'gzip, deflate, br',
          ...this.correlationHeader(),
          ...conditions(validators),
        },
        signal: limit.signal,
      });
      limit.endWith(asked.response.body);
      return asked;
    } catch (error) {
      limit.end();
      throw error;
    }
  }

  /** With it the operators of a site can say which of our runs did what, and we find it in our log. */
  private correlationHeader(): Record<string, string> {
    const id = this.config.sendCorrelationId ? correlation()?.correlationId : undefined;
    return id === undefined ? {} : { 'x-correlation-id': id };
  }

  private async answer(request: FetchRequest, asked: Asked): Promise<FetchAnswer> {
    const { latencyMs } = asked;
    const { statusCode: status, headers, body } = asked.response;
    const { url } = request;
    if (status === 200) return this.page(request, asked);
    discard(body);
    if (status === 304 && request.validators) return { kind: 'not-modified', url, status, latencyMs };
    if (REDIRECTS.has(status) && typeof headers.location === 'string')
      return { kind: 'redirect', url, status, location: resolve(headers.location, url), latencyMs };
    throw new HttpStatusError(url.href, status, retryAfterMs(headers['retry-after'], headers.date));
  }

  private async page(request: FetchRequest, { response, latencyMs }: Asked): Promise<FetchAnswer> {
    const { headers, body } = response;
    const { url, accept, maxBodyBytes = this.config.maxBodyBytes } = request;
    const { types, expected, decode } = acceptable[accept];
    const contentType = String(headers['content-type'] ?? '');
    if (!types.test(contentType)) {
      discard(body);
      throw new ContentTypeError(url.href, contentType, expected);
    }
    const encoding = String(headers['content-encoding'] ?? '');
    const unpacked = unpack(body, encoding);
    if (!unpacked) {
      discard(body);
      throw new ContentEncodingError(url.href, encoding);
    }
    const received = await readBody(unpacked, maxBodyBytes);
    const { bytes, whole } = accept === 'xml' ? await gunzipped(received, maxBodyBytes) : received;
    if (!whole && accept !== 'text') throw new BodyTooLargeError(url.href, maxBodyBytes);
    return {
      kind: 'page',
      url,
      status: 200,
      text: decode(bytes, contentType),
      bytes: bytes.length,
      latencyMs,
      validators: validatorsOf(headers),
    };
  }
}

/** Reads the rest so that the connection can be used again, behind the answer's back: what matters is known. */
function discard(body: Dispatcher.ResponseData['body']): void {
  body.dump().catch(() => undefined);
}

function resolve(location: string, base: URL): URL {
  if (!URL.canParse(location, base.href))
    throw new RefusedUrlError(location, `${base.href} redirects to it, and it is no URL`);
  return new URL(location, base);
}
