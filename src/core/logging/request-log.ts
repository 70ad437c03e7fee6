import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { correlate, fitId } from '../correlation/index.js';
import { costsOf, SLOW_MS } from '../performance/index.js';
import { LogLevels } from './log-levels.js';

/** Longer URLs are cut: a log line is no place for what a client can make as long as it likes. */
const MAX_URL_LENGTH = 500;
/** Probes and scrapes come every few seconds; a line for each would bury what matters. */
const UNLOGGED = /^\/(?:health|metrics)\b/;

/**
 * One line for every request, when it has ended.
 *
 * Not pino-http's: that makes a logger of its own for each request, which was the dearest part of a cached answer
 * (docs/performance.md). An id in an AsyncLocalStorage costs next to nothing until a line is written.
 */
@Injectable()
export class RequestLog {
  constructor(
    private readonly pino: PinoLogger,
    private readonly levels: LogLevels,
  ) {}

  /** Must be called before routes are registered: Fastify's hooks only hold for later ones. */
  observe(server: FastifyInstance): void {
    server.addHook('onRequest', (request, reply, done) => {
      // A caller that is part of something larger says of what; else the request is the beginning, and X-Request-Id it.
      const given = fitId(request.headers['x-correlation-id']);
      if (given !== undefined) reply.header('X-Correlation-Id', given);
      correlate({ requestId: request.id, correlationId: given ?? request.id }, done);
    });
    server.addHook('onResponse', (request, reply, done) => {
      this.write(request, reply);
      done();
    });
    server.addHook('onRequestAbort', (request, done) => {
      if (!UNLOGGED.test(request.url) && this.levels.isEnabled('warn', RequestLog.name)) {
        this.pino.logger.warn(
          { module: RequestLog.name, requestId: request.id, ...describe(request) },
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
    if (!this.levels.isEnabled(level, RequestLog.name)) return;
    this.pino.logger[level](
      {
        module: RequestLog.name,
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
