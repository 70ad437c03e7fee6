import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidInputError } from '../../errors/index.js';
import { isForMachines } from './for-machines.js';
import { Cors, addVary } from './cors.js';
import type { HttpConfig } from '../http.config.js';
import { dataHeaders, pageHeaders } from './security-headers.js';
import { isCrossSite } from './cross-site.js';
import { CrossSiteError, HttpsRequiredError, MisdirectedError } from './security.errors.js';

const FOR_EYES = /^\/(?:docs|ops\/bull)(?:[/?]|$)/;
const CHANGES_NOTHING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** RFC 9112 §3.2 wants it in every request of HTTP/1.1; Node would refuse without a word of why. */
const NO_HOST = new InvalidInputError([{ field: 'Host', message: 'expected a header Host, got nothing' }]);

/**
 * The first hook of every request, also of those without a route: names it, sets the headers that protect browsers,
 * answers preflights, and refuses what came for another host, without TLS, or from another site. It comes before throttling and
 * authentication, for a browser sends a preflight without a key, and nobody should pay for it.
 */
export function protect(server: FastifyInstance, config: HttpConfig): void {
  const cors = new Cors(config.corsOrigins);
  const hosts = new Set(config.allowedHosts);
  const hsts = config.requireHttps && config.hstsMaxAgeSeconds > 0;

  server.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    // Whoever may be kept says so himself; a proxy must not guess.
    reply.header('Cache-Control', 'no-store');
    reply.headers(FOR_EYES.test(request.url) ? pageHeaders : dataHeaders);
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') return done(NO_HOST);
    const secure = request.protocol === 'https';
    if (hsts && secure) reply.header('Strict-Transport-Security', `max-age=${config.hstsMaxAgeSeconds}`);
    if (!isForMachines(request.url)) {
      const host = hostName(request);
      if (hosts.size > 0 && !hosts.has(host)) return done(new MisdirectedError(host));
      if (config.requireHttps && !secure) return withoutTls(request, reply, host, done);
    }
    if (cors.apply(request, reply)) return void reply.status(204).send();
    const isOurs = CHANGES_NOTHING.has(request.method) || cors.allows(request) || !isCrossSite(request);
    return isOurs ? done() : done(new CrossSiteError());
  });

  // After the handler, which may have set a Vary of its own.
  if (cors.enabled) {
    server.addHook('onSend', (_request, reply, _payload, done) => {
      addVary(reply, 'Origin');
      done();
    });
  }
}

/**
 * A page that was asked for may be asked for again at the right address. What changes something or carries a key is
 * refused instead: a redirect would hide that the key has gone over the wire in the clear.
 */
function withoutTls(
  request: FastifyRequest,
  reply: FastifyReply,
  host: string,
  done: (error?: Error) => void,
): void {
  const { authorization } = request.headers;
  if (!CHANGES_NOTHING.has(request.method) || authorization !== undefined || host === '') {
    done(new HttpsRequiredError());
    return;
  }
  reply.header('Cache-Control', 'no-store').redirect(`https://${host}${request.url}`, 308);
}

/** Without port, in lower case; empty when it is none. */
function hostName({ host }: FastifyRequest): string {
  const [, name = ''] = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.exec(host) ?? [];
  return name.toLowerCase();
}
