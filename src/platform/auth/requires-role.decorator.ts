import { applyDecorators } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiBasicAuth, ApiBearerAuth } from '@nestjs/swagger';
import { ApiProblems } from '../../core/http/index.js';
import type { Role } from './roles.js';

/** `'nobody'`: a route that asks for no key, whatever the configuration. */
export const RouteAccess = Reflector.createDecorator<Role | 'nobody'>();

/** The route asks for a key of this role or one above it; says so in OpenAPI, too. */
export function RequiresRole(role: Role): MethodDecorator {
  return applyDecorators(RouteAccess(role), ApiBearerAuth(), ApiBasicAuth(), ApiProblems(401, 403));
}

/** For machines that have no key: probes and metrics. */
export function NoKeyNeeded(): ClassDecorator & MethodDecorator {
  return RouteAccess('nobody');
}
