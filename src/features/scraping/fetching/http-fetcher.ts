import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { GleanerError } from '../../../core/errors/index.js';
import { type ScrapingConfig, scrapingConfig } from '../scraping.config.js';
import { decodeHtml } from './decode-html.js';
import {
  BodyTooLargeError,
  ConnectionFailedError,
  ContentEncodingError,
  ContentTypeError,
  FetchTimeoutError,
  HttpStatusError,
  RefusedUrlError,
  TooManyRedirectsError,
} from './fetch.errors.js';
import { unpack } from './unpack.js';

export interface FetchedPage {
  /** Where the page came from after redirects; relative links are relative to this. */
  url: string;
  html: string;
  /** Size of the body after unpacking. */
  bytes: number;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Fetches HTML pages: bounded in time, size and redirects, and never leaving the host it was sent to. */
@Injectable()
export class HttpFetcher implements OnApplicationShutdown {
  private readonly agent: Agent;

  constructor(@Inject(scrapingConfig.token) private readonly config: ScrapingConfig) {
    const { timeoutMs } = config;
    this.agent = new Agent({
      connect: { timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }

  /**
   * @throws FetchError of the class that says what went wrong; the signal's reason when it aborts.
   */
  async fetch(url: string, signal: AbortSignal): Promise<FetchedPage> {
    const deadline = AbortSignal.timeout(this.config.timeoutMs);
    try {
      return await this.follow(new URL(url), AbortSignal.any([signal, deadline]));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (deadline.aborted || isUndiciTimeout(error)) throw new FetchTimeoutError(url, this.config.timeoutMs);
      if (error instanceof GleanerError) throw error;
      throw new ConnectionFailedError(url, error);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  private async follow(start: URL, signal: AbortSignal): Promise<FetchedPage> {
    let url = start;
    for (let redirects = 0; redirects <= this.config.maxRedirects; redirects++) {
      if (url.hostname !== start.hostname)
        throw new RefusedUrlError(url.href, `it leaves the host ${start.hostname}`);
      const response = await this.request(url, signal);
      const location = response.headers.location;
      if (REDIRECTS.has(response.statusCode) && typeof location === 'string') {
        await response.body.dump();
        url = resolve(location, url);
        continue;
      }
      return this.read(url, response);
    }
    throw new TooManyRedirectsError(start.href, this.config.maxRedirects);
  }

  private async request(url: URL, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new RefusedUrlError(url.href, `its scheme is ${url.protocol}`);
    }
    return this.agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: {
        'user-agent': this.config.userAgent,
        accept: 'text/html,application/xhtml+xml;q=0.9',
        'accept-encoding': 'gzip, deflate, br',
      },
      signal,
    });
  }

  private async read(url: URL, { statusCode, headers, body }: Dispatcher.ResponseData): Promise<FetchedPage> {
    const contentType = String(headers['content-type'] ?? '');
    if (statusCode !== 200) {
      discard(body);
      throw new HttpStatusError(url.href, statusCode);
    }
    if (!/^(text\/html|application\/xhtml\+xml)\b|^$/i.test(contentType)) {
      discard(body);
      throw new ContentTypeError(url.href, contentType);
    }
    const encoding = String(headers['content-encoding'] ?? '');
    const unpacked = unpack(body, encoding);
    if (!unpacked) {
      discard(body);
      throw new ContentEncodingError(url.href, encoding);
    }
    const bytes = await this.readBounded(url, unpacked);
    return { url: url.href, html: decodeHtml(bytes, contentType), bytes: bytes.length };
  }

  private async readBounded(url: URL, body: Readable): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      // Leaving the loop destroys the body and with it the connection: the rest is neither unpacked nor received.
      if (size > this.config.maxBodyBytes) throw new BodyTooLargeError(url.href, this.config.maxBodyBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
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

const UNDICI_TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

function isUndiciTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && UNDICI_TIMEOUTS.has(String(error.code));
}
