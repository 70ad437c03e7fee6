import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { correlate, correlation, fitId } from '../correlation/index.js';
import { costsOf, SLOW_MS } from '../performance/index.js';

/** Longer URLs are cut: a log line is no place for what a client can make as long as it likes. */
const MAX_URL_LENGTH = 500;
/** Probes and scrapes come every few seconds; a line for each would bury what matters. */
const UNLOGGED = /^\/(?:health|metrics)\b/;

/** What every line tells of the request or the task that it was written for. */
export function correlationFields(): object {
  return correlation() ?? {};
}

/**
 * One line for every request, when it has ended.
 *
 * Not pino-http's: that makes a logger of its own for each request, which was the dearest part of a cached answer
 * (docs/performance.md). An id in an AsyncLocalStorage costs next to nothing until a line is written.
 */
@Injectable()
export class RequestLog {
  constructor(private readonly pino: PinoLogger) {}

  /** Must be called before routes are registered: Fastify's hooks only hold for later ones. */
  observe(server: FastifyInstance): void {
    server.addHook('onRequest', (request, _reply, done) => {
      // A caller that is part of something larger says of what; else the request is the beginning.
      const correlationId = fitId(request.headers['x-correlation-id']) ?? request.id;
      correlate({ requestId: request.id, correlationId }, done);
    });
    server.addHook('onResponse', (request, reply, done) => {
      this.write(request, reply);
      done();
    });
    server.addHook('onRequestAbort', (request, done) => {
      if (!UNLOGGED.test(request.url)) {
        this.pino.logger.warn(
          { requestId: request.id, ...describe(request) },
          'request aborted by its client',
        );
      }
      done();
    });
  }

  private write(request: FastifyRequest, reply: FastifyReply): void {
    if (UNLOGGED.test(request.url)) return;
    const { statusCode } = reply;
    const { workUnit } = request;
    const slow = (workUnit?.streamsAfterMs ?? reply.elapsedTime) > SLOW_MS;
    const level = statusCode >= 500 ? 'error' : statusCode >= 400 || slow ? 'warn' : 'info';
    this.pino.logger[level](
      {
        requestId: request.id,
        ...describe(request),
        statusCode,
        responseTime: Math.round(reply.elapsedTime * 1000) / 1000,
        ...costsOf(workUnit),
        ...(slow && { slow }),
      },
      'request completed',
    );
  }
}

/** Only what is harmless: headers can hold secrets. */
function describe({ method, originalUrl: url, ip }: FastifyRequest): object {
  return { method, url: url.length > MAX_URL_LENGTH ? url.slice(0, MAX_URL_LENGTH) : url, remoteAddress: ip };
}
