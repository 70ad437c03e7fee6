import type { FastifyInstance, FastifyReply } from 'fastify';
import { sendProblem } from '../problems/send-problem.js';
import { HandlerTimeoutError } from './security.errors.js';

/**
 * Answers 503 for whatever has not been answered in time. One timer looks at all requests under way, oldest first: a
 * timer for each, as Fastify's own `handlerTimeout` has it, costs every request for what almost none needs.
 */
export function limitHandlers(server: FastifyInstance, timeoutMs: number): void {
  const underWay = new Map<FastifyReply, number>();

  server.addHook('onRequest', (_request, reply, done) => {
    underWay.set(reply, performance.now());
    done();
  });
  server.addHook('onResponse', (_request, reply, done) => {
    underWay.delete(reply);
    done();
  });

  const timer = setInterval(
    () => {
      const tooOld = performance.now() - timeoutMs;
      for (const [reply, since] of underWay) {
        if (since > tooOld) return;
        underWay.delete(reply);
        // What is being sent is bounded by the time-out of its connection.
        if (!reply.sent && !reply.raw.headersSent) sendProblem(reply, new HandlerTimeoutError(timeoutMs));
      }
    },
    Math.min(1000, timeoutMs / 2),
  ).unref();
  server.addHook('onClose', async () => clearInterval(timer));
}
