import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type ProxyOptions, resolveClients } from './client-address.js';
import { type Problem, PROBLEM_MEDIA_TYPE, problem, toProblem } from './problem.js';

/** Bytes of request line and headers together; Node's own default, named because an error message tells it. */
const MAX_HEADER_BYTES = 16_384;
const MAX_BODY_BYTES = 1_048_576;

export type AdapterOptions = ProxyOptions;

/** The Fastify adapter of every mode: bounded sizes, and problem documents for what fails before a route is found. */
export function createAdapter(options: AdapterOptions): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    genReqId: requestId,
    // The length of path parameters is checked by the schemas, which can name the field; Fastify would say 404.
    routerOptions: { maxParamLength: MAX_HEADER_BYTES },
    // On shutdown idle keep-alive connections are closed at once; requests under way finish first.
    forceCloseConnections: 'idle',
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      const body = toProblem(error, request.id);
      void reply
        .status(body.status)
        .header('Cache-Control', 'no-store')
        .type(PROBLEM_MEDIA_TYPE)
        .send(JSON.stringify(body));
    },
    clientErrorHandler: answerClientError,
  });
  resolveClients(adapter.getInstance(), options);
  return adapter;
}

/** A caller's id is kept only when it is harmless in logs and headers. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w-]{8,64}$/.test(given) ? given : randomUUID();
}

/** Node could not even parse the request: there is no request or reply object, only the socket. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(clientProblem(error.code));
  socket.end(
    [
      'HTTP/1.1 400 Bad Request',
      `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

function clientProblem(code: string | undefined): Problem {
  const id = randomUUID();
  if (code === 'HPE_HEADER_OVERFLOW') {
    const errors = [
      { field: 'url', message: `expected at most ${MAX_HEADER_BYTES} bytes of URL and headers, got more` },
    ];
    return problem(400, 'invalid_input', 'Invalid input', 'URL or headers are too long.', id, { errors });
  }
  return problem(400, 'bad_request', 'Bad request', 'This is not a well-formed HTTP request.', id);
}
