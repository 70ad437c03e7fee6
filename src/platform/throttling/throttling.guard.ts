import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  getOptionsToken,
  getStorageToken,
  ThrottlerGuard,
  type ThrottlerModuleOptions,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestThrottle } from './request-throttle.js';
import { type RouteThrottling, throttlingOf } from './route-class.js';

/**
 * The guard of `@nestjs/throttler` on token buckets. The original resolves six pieces of metadata and a digest for
 * every limit of every request; what a route counts as never changes, so here it is looked up once a route, and all
 * of a request's buckets are asked in one go, which alone makes "a token of each or none" possible.
 */
@Injectable()
export class ThrottlingGuard extends ThrottlerGuard {
  private readonly routes = new WeakMap<object, WeakMap<object, RouteThrottling>>();

  constructor(
    @Inject(getOptionsToken()) options: ThrottlerModuleOptions,
    @Inject(getStorageToken()) storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly throttle: RequestThrottle,
  ) {
    super(options, storage, reflector);
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    if (request.throttled) return true;
    const route = this.routeOf(context.getHandler(), context.getClass());
    if (route === 'exempt') {
      this.throttle.exempt(request);
      return true;
    }
    const counted =
      'always' in route ? route.always : isGiven(request.query, route.query) ? route.present : route.absent;
    await this.throttle.pass(request, http.getResponse<FastifyReply>(), counted);
    return true;
  }

  private routeOf(handler: object, controller: object): RouteThrottling {
    let handlers = this.routes.get(controller);
    if (!handlers) this.routes.set(controller, (handlers = new WeakMap()));
    let route = handlers.get(handler);
    if (!route) handlers.set(handler, (route = throttlingOf(handler, controller, this.throttle.classes)));
    return route;
  }
}

/** Whether a parameter is there at all: what is wrong with its value is for validation to say. */
function isGiven(query: unknown, name: string): boolean {
  return typeof query === 'object' && query !== null && name in query;
}
