import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { YAML_BODY_LIMIT_BYTES, YAML_MEDIA_TYPE, YamlBody } from '../yaml/index.js';
import { type ProxyOptions, resolveClients } from './client/client-address.js';
import type { HttpConfig } from './http.config.js';
import { readableUrl, refuseMalformedUrls } from './malformed-url.js';
import { type Problem, PROBLEM_MEDIA_TYPE, problem } from './problems/problem.js';
import { closeIdleConnections } from './idle-connections.js';
import { dataHeaders } from './security/security-headers.js';
import { sendProblem } from './problems/send-problem.js';

/** Bytes of request line and headers together; Node's own default, named because an error message tells it. */
const MAX_HEADER_BYTES = 16_384;
/** How long a connection may be silent beyond the time that its request may take. */
const SILENCE_MS = 10_000;

export interface AdapterOptions extends ProxyOptions {
  http: Pick<HttpConfig, 'bodyLimitBytes' | 'requestTimeoutMs' | 'handlerTimeoutMs'>;
}

/** The Fastify adapter of every mode: bounded sizes and times, and problem documents for what fails before a route is found. */
export function createAdapter(options: AdapterOptions): FastifyAdapter {
  const { bodyLimitBytes, requestTimeoutMs, handlerTimeoutMs } = options.http;
  const adapter = new FastifyAdapter({
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: handlerTimeoutMs + SILENCE_MS,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: requestTimeoutMs,
      // Node looks for slow requests every 30 s by default, which makes any shorter limit untrue.
      connectionsCheckingInterval: Math.min(requestTimeoutMs, 5000),
      // Node would refuse a request without Host by itself, without a word of why.
      requireHostHeader: false,
    },
    genReqId: requestId,
    rewriteUrl: readableUrl,
    // The length of path parameters is checked by the schemas, which can name the field; Fastify would say 404.
    routerOptions: { maxParamLength: MAX_HEADER_BYTES },
    // On shutdown idle keep-alive connections are closed at once; requests under way finish first.
    forceCloseConnections: 'idle',
    // Hooks do not run for these: what they would set is set here.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply.header('X-Request-Id', request.id).headers(dataHeaders), error);
    },
    clientErrorHandler: answerClientError,
  });
  resolveClients(adapter.getInstance(), options);
  refuseMalformedUrls(adapter.getInstance());
  takeJsonAndYaml(adapter.getInstance(), bodyLimitBytes);
  closeIdleConnections(adapter.getInstance());
  return adapter;
}

/** The two kinds of body that there are. Fastify refuses members named __proto__ in JSON. */
function takeJsonAndYaml(server: FastifyInstance, bodyLimitBytes: number): void {
  server.removeContentTypeParser('text/plain');
  server.addContentTypeParser(
    YAML_MEDIA_TYPE,
    { parseAs: 'string', bodyLimit: Math.min(bodyLimitBytes, YAML_BODY_LIMIT_BYTES) },
    (_request: FastifyRequest, text: string, done: (error: null, body: YamlBody) => void) => {
      done(null, new YamlBody(text));
    },
  );
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
  const answer = clientProblem(error.code);
  const body = JSON.stringify(answer);
  const headers = {
    'Content-Type': PROBLEM_MEDIA_TYPE,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Request-Id': answer.instance,
    ...dataHeaders,
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`, ...lines, '', body].join('\r\n'));
}

function clientProblem(code: string | undefined): Problem {
  const id = randomUUID();
  if (code === 'HPE_HEADER_OVERFLOW') {
    const errors = [
      { field: 'url', message: `expected at most ${MAX_HEADER_BYTES} bytes of URL and headers, got more` },
    ];
    return problem(400, 'invalid_input', 'Invalid input', 'URL or headers are too long.', id, { errors });
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return problem(408, 'request_timeout', 'Request time-out', 'The request took too long to arrive.', id);
  }
  return problem(400, 'bad_request', 'Bad request', 'This is not a well-formed HTTP request.', id);
}
