import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { type AuthConfig, authConfig } from './auth.config.js';
import { KeyRequiredError, RoleRequiredError } from './auth.errors.js';
import { RouteAccess } from './requires-role.decorator.js';
import { mayActAs, type Role } from './roles.js';

const READS = new Set(['GET', 'HEAD']);

/**
 * Lets through who may. What a route says of itself decides; a route that says nothing is for everybody, or viewers,
 * when it only reads, and for admins otherwise: forgetting to say something opens nothing.
 */
@Injectable()
export class AuthorizationGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(authConfig.token) private readonly config: AuthConfig,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const required = this.requiredBy(context, request.method);
    if (required === 'nobody') return true;
    const { principal } = request;
    if (!principal) throw new KeyRequiredError(required);
    if (!mayActAs(principal.role, required)) throw new RoleRequiredError(required, principal.role);
    return true;
  }

  private requiredBy(context: ExecutionContext, method: string): Role | 'nobody' {
    const said = this.reflector.getAllAndOverride(RouteAccess, [context.getHandler(), context.getClass()]);
    if (said !== undefined) return said;
    if (!READS.has(method)) return 'admin';
    return this.config.publicReads ? 'nobody' : 'viewer';
  }
}
