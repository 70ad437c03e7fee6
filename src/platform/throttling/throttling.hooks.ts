import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEM_MEDIA_TYPE, toProblem } from '../../core/http/index.js';
import { RequestThrottle } from './request-throttle.js';
import { TooManyRequestsError } from './throttling.errors.js';

/** What described the body that is not sent after all. */
const ENTITY_FIELDS = ['content-length', 'content-encoding', 'etag', 'last-modified', 'location'];

/**
 * Counts the requests that no guard of Nest sees: at once those for which there is no route, or one outside of Nest;
 * and when their answer is about to go, those that failed on the way to the guard (a body that is no JSON, a key
 * that is not known).
 */
@Injectable()
export class ThrottlingHooks {
  constructor(private readonly throttle: RequestThrottle) {}

  /**
   * Must be called before routes are registered: Fastify's hooks only hold for later ones.
   * @param outside beginnings of the paths that are answered outside of Nest.
   */
  observe(server: FastifyInstance, outside: readonly string[]): void {
    server.addHook('onRequest', (request, reply, done) => {
      if (request.is404 || outside.some((path) => request.url.startsWith(path)))
        return this.throttle.pass(request, reply, this.throttle.classes.default);
      done();
      return undefined;
    });
    server.addHook('onSend', (request, reply, payload, done) => {
      // A browser sends a preflight by itself and without a key: nobody pays for it.
      if (!request.throttled && !reply.hasHeader('access-control-allow-methods'))
        return this.countLate(request, reply, payload);
      done();
      return undefined;
    });
  }

  /** @returns what is to be sent: the answer that is there, or the refusal in its place. */
  private async countLate(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
    try {
      await this.throttle.pass(request, reply, this.throttle.classes.default);
      return payload;
    } catch (error) {
      if (error instanceof TooManyRequestsError) return refuse(request, reply, error);
      throw error;
    }
  }
}

/** Puts the refusal in the place of the answer. */
function refuse(request: FastifyRequest, reply: FastifyReply, error: TooManyRequestsError): string {
  const problem = toProblem(error, request.id);
  for (const field of ENTITY_FIELDS) reply.removeHeader(field);
  reply
    .status(problem.status)
    .type(PROBLEM_MEDIA_TYPE)
    .header('retry-after', error.retryAfterSeconds)
    .header('cache-control', 'no-store');
  return JSON.stringify(problem);
}
