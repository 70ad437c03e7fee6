import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Counter } from 'prom-client';
import { addVary, isForMachines, type Principal, subscriberNetwork } from '../../core/http/index.js';
import { hashOf, idOf } from './api-key.js';
import { AuditLog } from './audit-log.js';
import { type AuthConfig, authConfig } from './auth.config.js';
import { InvalidKeyError, REFUSALS, TooManyFailuresError } from './auth.errors.js';
import { AUTH_FAILURES } from './auth.metrics.js';
import { FailedAttempts } from './failed-attempts.js';
import { KeyVerifier } from './key-verifier.js';
import { LastUsed } from './last-used.js';
import { ProvenKeys } from './proven-keys.js';

/**
 * Proves who asks. A hook and not a guard: the documentation and paths without a route have no guards, and throttling,
 * which counts by key, has to know by then. Who presents no key passes without a principal; what that may do is
 * decided by authorization.
 *
 * 1. No key: nothing to do.
 * 2. A key that was good a moment ago is looked up again, at most once a second.
 * 3. Any other is an attempt: it counts for its network, and above the limit it is not looked at.
 */
@Injectable()
export class Authentication {
  /** Attempts under way: a client that begins with many requests at once makes one. */
  private readonly underWay = new Map<string, Promise<Principal>>();
  private readonly proven = new ProvenKeys();

  constructor(
    private readonly keys: KeyVerifier,
    private readonly attempts: FailedAttempts,
    private readonly lastUsed: LastUsed,
    private readonly audit: AuditLog,
    @Inject(authConfig.token) private readonly config: AuthConfig,
    @InjectMetric(AUTH_FAILURES) private readonly failures: Counter,
  ) {
    for (const reason of [...REFUSALS, 'throttled']) failures.inc({ reason }, 0);
  }

  /** Must be called before routes are registered, and before the hooks of whoever wants to know the principal. */
  observe(server: FastifyInstance): void {
    server.decorateRequest('principal', undefined);
    server.addHook('onRequest', (request, _reply, done) => {
      const { authorization } = request.headers;
      if (authorization === undefined || isForMachines(request.url)) return done();
      return void this.admit(request, authorization, done);
    });
    this.audit.observe(server);
    if (!this.config.publicReads) server.addHook('onSend', keepPrivate);
  }

  private async admit(
    request: FastifyRequest,
    authorization: string,
    done: (error?: Error) => void,
  ): Promise<void> {
    let refused: Error | undefined;
    try {
      request.principal = await this.authenticate(request, keyOf(authorization) ?? '');
      this.lastUsed.note(request.principal.keyId);
    } catch (error) {
      refused = error as Error;
    }
    done(refused);
  }

  private async authenticate(request: FastifyRequest, key: string): Promise<Principal> {
    const fingerprint = hashOf(key).toString('base64');
    if (this.proven.has(fingerprint)) {
      try {
        return await this.keys.verify(key);
      } catch (error) {
        // Revoked or expired: from now on it is a key like any other.
        if (error instanceof InvalidKeyError) this.proven.delete(fingerprint);
        else throw error;
      }
    }
    const network = subscriberNetwork(request.ip);
    const attempt = `${network} ${fingerprint}`;
    const before = this.underWay.get(attempt);
    if (before) return before;
    const principal = this.attempt(request, network, key).finally(() => this.underWay.delete(attempt));
    this.underWay.set(attempt, principal);
    const proven = await principal;
    this.proven.add(fingerprint);
    return proven;
  }

  private async attempt(request: FastifyRequest, network: string, key: string): Promise<Principal> {
    try {
      const attempt = await this.attempts.begin(network);
      try {
        const principal = await this.keys.verify(key);
        attempt.forget();
        return principal;
      } catch (error) {
        // A database that is away says nothing about the key.
        if (!(error instanceof InvalidKeyError)) attempt.forget();
        throw error;
      }
    } catch (error) {
      this.tell(request, key, error);
      throw error;
    }
  }

  private tell(request: FastifyRequest, key: string, error: unknown): void {
    const throttled = error instanceof TooManyFailuresError;
    if (!throttled && !(error instanceof InvalidKeyError)) return;
    this.failures.inc({ reason: throttled ? 'throttled' : error.refusal });
    // One entry says that a network is shut out; those who go on trying are only counted.
    if (throttled && !error.first) return;
    this.audit.noteStranger({
      action: 'auth.key',
      keyId: idOf(key) ?? null,
      address: request.ip,
      requestId: request.id,
      outcome: 'refused',
      detail: throttled ? 'too many failed attempts' : error.refusal,
    });
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
