import { Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { addVary, isForMachines, type Principal } from '../../core/http/index.js';
import { type AuthConfig, authConfig } from './auth.config.js';
import { InvalidKeyError } from './auth.errors.js';
import { KeyVerifier } from './key-verifier.js';
import { LastUsed } from './last-used.js';

/**
 * Proves who asks. A hook and not a guard: the documentation and paths without a route have no guards, and throttling,
 * which counts by key, has to know by then. Who presents no key passes without a principal; what that may do is
 * decided by authorization.
 */
@Injectable()
export class Authentication {
  constructor(
    private readonly keys: KeyVerifier,
    private readonly lastUsed: LastUsed,
    @Inject(authConfig.token) private readonly config: AuthConfig,
  ) {}

  /** Must be called before routes are registered, and before the hooks of whoever wants to know the principal. */
  observe(server: FastifyInstance): void {
    server.decorateRequest('principal', undefined);
    server.addHook('onRequest', (request, _reply, done) => {
      const { authorization } = request.headers;
      if (authorization === undefined || isForMachines(request.url)) return done();
      return void this.admit(request, authorization, done);
    });
    if (!this.config.publicReads) server.addHook('onSend', keepPrivate);
  }

  private async admit(
    request: FastifyRequest,
    authorization: string,
    done: (error?: Error) => void,
  ): Promise<void> {
    let refused: Error | undefined;
    try {
      request.principal = await this.authenticate(authorization);
      this.lastUsed.note(request.principal.keyId);
    } catch (error) {
      refused = error as Error;
    }
    done(refused);
  }

  private async authenticate(authorization: string): Promise<Principal> {
    const key = keyOf(authorization);
    if (key === undefined) throw new InvalidKeyError('malformed');
    return this.keys.verify(key);
  }
}

/** `Bearer <key>`, or the password of Basic, whose user name is for people. */
export function keyOf(authorization: string): string | undefined {
  const [, scheme = '', credentials = ''] = /^(\S+) +(\S+) *$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(credentials, 'base64').toString();
  const colon = pair.indexOf(':');
  return colon === -1 ? undefined : pair.slice(colon + 1);
}

/** What needs a key to be read must not be kept by a cache that others share, whatever the route says of itself. */
function keepPrivate(
  _request: FastifyRequest,
  reply: FastifyReply,
  _payload: unknown,
  done: () => void,
): void {
  const said = reply.getHeader('cache-control');
  if (typeof said === 'string')
    reply.header('Cache-Control', said.replace(/\bpublic\b/, 'private').replace(/, *s-maxage=\d+/, ''));
  else reply.header('Cache-Control', 'private, no-cache');
  addVary(reply, 'Authorization');
  done();
}
