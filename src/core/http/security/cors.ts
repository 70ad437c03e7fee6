import type { FastifyReply, FastifyRequest } from 'fastify';

/** What a script may read of an answer beside its body. */
const EXPOSED = [
  'ETag',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
  'X-Correlation-Id',
].join(', ');

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const REQUEST_HEADERS =
  'Authorization, Content-Type, If-None-Match, Last-Event-ID, X-Correlation-Id, X-Request-Id';
/** Seconds that a browser need not ask again. */
const PREFLIGHT_MAX_AGE = '600';

/**
 * Cross-origin requests by the Fetch standard, for listed origins only. Never with credentials: a key is sent by the
 * script that has it, not by the browser for any page that asks.
 */
export class Cors {
  private readonly origins: ReadonlySet<string>;

  constructor(origins: readonly string[]) {
    this.origins = new Set(origins);
  }

  get enabled(): boolean {
    return this.origins.size > 0;
  }

  /** Whether the request comes from a page of a listed origin. */
  allows({ headers: { origin } }: FastifyRequest): boolean {
    return origin !== undefined && this.origins.has(origin);
  }

  /** Lets the origin of the request read the answer, if it is listed. @returns whether this is a preflight to answer. */
  apply(request: FastifyRequest, reply: FastifyReply): boolean {
    if (!this.allows(request)) return false;
    reply.header('Access-Control-Allow-Origin', request.headers.origin);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      reply.header('Access-Control-Expose-Headers', EXPOSED);
      return false;
    }
    reply.header('Access-Control-Allow-Methods', METHODS);
    reply.header('Access-Control-Allow-Headers', REQUEST_HEADERS);
    reply.header('Access-Control-Max-Age', PREFLIGHT_MAX_AGE);
    return true;
  }
}

/** Adds to what an answer varies by: a handler may have said something of its own. */
export function addVary(reply: FastifyReply, field: string): void {
  const before = reply.getHeader('vary');
  if (before === undefined) {
    reply.header('Vary', field);
    return;
  }
  const fields = String(before).toLowerCase().split(/, */);
  if (!fields.includes(field.toLowerCase())) reply.header('Vary', `${String(before)}, ${field}`);
}
