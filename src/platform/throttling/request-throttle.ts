import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { IpNetworks, type Principal, subscriberNetwork } from '../../core/http/index.js';
import { limitOf } from './buckets/limit.js';
import { policyField, writeRateLimitFields } from './rate-limit-fields.js';
import type { RouteClass, RouteClasses } from './route-class.js';
import { type ThrottlingConfig, throttlingConfig } from './throttling.config.js';
import { TooManyRequestsError } from './throttling.errors.js';
import { ThrottlingMetrics } from './throttling.metrics.js';
import { TokenBuckets } from './buckets/token-buckets.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set as soon as the request has been counted, or is known to be exempt: nobody counts it twice. */
    throttled?: true;
  }
}

/** Decides about one request, and writes into its answer how its client stands. */
@Injectable()
export class RequestThrottle {
  readonly classes: RouteClasses;
  private readonly allowed: IpNetworks;

  constructor(
    @Inject(throttlingConfig.token) config: ThrottlingConfig,
    private readonly buckets: TokenBuckets,
    private readonly metrics: ThrottlingMetrics,
  ) {
    this.allowed = new IpNetworks(config.allow);
    const all = limitOf('default', config.default);
    this.classes = {
      default: routeClass('default', [all]),
      // Both, so that the limit for all requests is what it says; see ADR 5.
      search: routeClass('search', [all, limitOf('search', config.search)]),
      run: routeClass('run', [all, limitOf('run', config.run)]),
    };
  }

  exempt(request: FastifyRequest): void {
    request.throttled = true;
    this.metrics.count('none', 'exempt');
  }

  /** @throws TooManyRequestsError when the client has used up a limit; the fields of the answer are written then, too. */
  async pass(request: FastifyRequest, reply: FastifyReply, counted: RouteClass): Promise<void> {
    request.throttled = true;
    if (this.allowed.has(request.ip)) {
      this.metrics.count(counted.name, 'allowed');
      return;
    }
    const decision = await this.buckets.take(counted.limits, trackerOf(request));
    const standing = writeRateLimitFields(reply, counted.policy, decision);
    if (decision.allowed) {
      this.metrics.count(counted.name, 'passed');
      return;
    }
    this.metrics.count(standing.limit.name as RouteClass['name'], 'throttled');
    throw new TooManyRequestsError(standing);
  }
}

function routeClass(name: RouteClass['name'], limits: RouteClass['limits']): RouteClass {
  return { name, limits, policy: policyField(limits) };
}

/** Several people behind one address do not share what a key of their own entitles them to. */
export function trackerOf(who: { principal?: Principal; ip?: string }): string {
  const { principal, ip } = who;
  return principal ? `k:${principal.keyId}` : `a:${subscriberNetwork(ip)}`;
}
