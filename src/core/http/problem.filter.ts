import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GleanerError } from '../errors/index.js';
import { PROBLEM_MEDIA_TYPE, toProblem } from './problem.js';

/** The one place where an error becomes an HTTP answer. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = toProblem(error, request.id);
    // A caller's mistake is the caller's to know; only what is ours to mend belongs in the log as an error.
    if (problem.status >= 500) this.logger.error({ err: error, code: problem.code }, problem.detail);
    if (reply.sent) return;
    if (error instanceof GleanerError && error.retryAfterSeconds !== undefined) {
      reply.header('Retry-After', String(error.retryAfterSeconds));
    }
    // Without this, one failed read could be cached by a proxy as if it were the resource.
    reply.header('Cache-Control', 'no-store');
    reply.status(problem.status).type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(problem));
  }
}
