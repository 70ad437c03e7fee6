import { HttpException } from '@nestjs/common';
import { z } from 'zod';
import { GleanerError } from '../../errors/index.js';

/** Media type of RFC 9457. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** A problem document of RFC 9457, as every error answer carries one. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    code: z.string().describe('Stable name of the error, for programs'),
    instance: z.string().describe('Id of the request, also found in the logs'),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .loose();

export type Problem = z.output<typeof problemSchema>;

/** Maps whatever was thrown to a problem document; what is not ours to explain tells nothing of the inside. */
export function toProblem(error: unknown, requestId: string): Problem {
  if (error instanceof GleanerError) {
    return problem(error.httpStatus, error.code, error.title, error.message, requestId, error.extensions);
  }
  const status = statusOf(error);
  if (status < 500 && error instanceof Error) {
    return problem(status, codeOf(status), titleOf(status), error.message, requestId);
  }
  const detail = `Something went wrong here. The log has more under request id ${requestId}.`;
  return problem(status, codeOf(status), titleOf(status), detail, requestId);
}

/** A problem document from its parts. */
export function problem(
  status: number,
  code: string,
  title: string,
  detail: string,
  instance: string,
  extensions: Readonly<Record<string, unknown>> = {},
): Problem {
  return { type: 'about:blank', title, status, detail, code, instance, ...extensions };
}

/**
 * Nest's exceptions and Fastify's errors are about the request. Anything else is a fault of ours, also when it has a
 * `statusCode`: that of a request which we made, and whose message is not for the caller.
 */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error) || !('code' in error) || !('statusCode' in error)) return 500;
  const { code, statusCode } = error;
  return String(code).startsWith('FST_') && typeof statusCode === 'number' ? statusCode : 500;
}

const TITLES: Readonly<Record<number, readonly [code: string, title: string]>> = {
  400: ['bad_request', 'Bad request'],
  401: ['unauthorized', 'Unauthorized'],
  403: ['forbidden', 'Forbidden'],
  404: ['not_found', 'Not found'],
  405: ['method_not_allowed', 'Method not allowed'],
  408: ['request_timeout', 'Request time-out'],
  413: ['content_too_large', 'Content too large'],
  414: ['uri_too_long', 'URI too long'],
  415: ['unsupported_media_type', 'Unsupported media type'],
  429: ['too_many_requests', 'Too many requests'],
  503: ['unavailable', 'Unavailable'],
};

const codeOf = (status: number): string =>
  TITLES[status]?.[0] ?? (status < 500 ? 'client_error' : 'internal_error');
export const titleOf = (status: number): string =>
  TITLES[status]?.[1] ?? (status < 500 ? 'Client error' : 'Internal error');
