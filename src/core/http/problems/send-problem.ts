import type { FastifyReply } from 'fastify';
import { GleanerError } from '../../errors/index.js';
import { fromRedisError } from '../../redis/index.js';
import { type Problem, PROBLEM_MEDIA_TYPE, toProblem } from './problem.js';

/** Answers with the problem document of whatever was thrown. @returns the document, for the log. */
export function sendProblem(reply: FastifyReply, thrown: unknown): Problem {
  // Here, for whoever asks Redis in a handler would have to say so otherwise.
  const error = fromRedisError(thrown);
  const problem = toProblem(error, reply.request.id);
  // Who has been answered already, for instance because the time was up, is not answered twice.
  if (reply.sent) return problem;
  if (error instanceof GleanerError) {
    if (error.retryAfterSeconds !== undefined) reply.header('Retry-After', String(error.retryAfterSeconds));
    reply.headers(error.headers);
  }
  // Without this, one failed read could be cached by a proxy as if it were the resource.
  reply.header('Cache-Control', 'no-store');
  void reply.status(problem.status).type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(problem));
  return problem;
}
