import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { addVary } from '../../../core/http/index.js';
import type { CachedDocument, Representation } from '../cached-document.js';
import { type CachingConfig, cachingConfig } from '../caching.config.js';
import { negotiateEncoding } from './accept-encoding.js';
import { matchesEntityTag } from './if-none-match.js';

/** Answers requests with documents: the bytes as they are kept, or 304 when the client has them. */
@Injectable()
export class DocumentAnswers {
  private readonly cacheControl: string;

  constructor(@Inject(cachingConfig.token) { maxAgeSeconds }: CachingConfig) {
    this.cacheControl =
      maxAgeSeconds === 0
        ? 'public, no-cache'
        : `public, max-age=${maxAgeSeconds}, stale-while-revalidate=${maxAgeSeconds}`;
  }

  /** Sends `document`, at once when it is at hand: no promise is made on the way of a hit. */
  send(reply: FastifyReply, document: CachedDocument | Promise<CachedDocument>): void | Promise<void> {
    if (document instanceof Promise) return document.then((found) => this.negotiate(reply, found));
    return this.negotiate(reply, document);
  }

  private negotiate(reply: FastifyReply, document: CachedDocument): void | Promise<void> {
    const encoding = document.compressible
      ? negotiateEncoding(reply.request.headers['accept-encoding'])
      : undefined;
    const representation = encoding === undefined ? document.plain : document.in(encoding);
    if (representation instanceof Promise) return representation.then((made) => this.answer(reply, made));
    this.answer(reply, representation);
  }

  private answer(reply: FastifyReply, { body, etag, encoding }: Representation): void {
    addVary(reply, 'Accept-Encoding');
    reply.header('etag', etag);
    reply.header('cache-control', this.cacheControl);
    if (matchesEntityTag(reply.request.headers['if-none-match'], etag)) {
      reply.code(304).send();
      return;
    }
    if (encoding !== undefined) reply.header('content-encoding', encoding);
    reply.header('content-type', 'application/json; charset=utf-8').send(body);
  }
}
