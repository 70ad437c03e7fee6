import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { sendProblem } from './send-problem.js';

/** The one place where an error becomes an HTTP answer. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const problem = sendProblem(host.switchToHttp().getResponse<FastifyReply>(), error);
    // A caller's mistake is the caller's to know; only what is ours to mend belongs in the log as an error.
    if (problem.status >= 500) this.logger.error({ err: error, code: problem.code }, problem.detail);
  }
}
