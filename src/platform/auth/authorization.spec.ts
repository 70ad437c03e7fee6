import 'reflect-metadata';
import { type ExecutionContext, Get, Post } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyRequiredError, RoleRequiredError } from './auth.errors.js';
import { AuthorizationGuard } from './authorization.guard.js';
import { NoKeyNeeded, RequiresRole } from './requires-role.decorator.js';
import { mayActAs, type Role, ROLES } from './roles.js';

class Controller {
  @Get() plain(): void {}
  @Post() forgotten(): void {}
  @RequiresRole('viewer') @Post() viewer(): void {}
  @RequiresRole('operator') @Post() operator(): void {}
  @RequiresRole('admin') @Post() admin(): void {}
}

@NoKeyNeeded()
class Probes {
  @Get() live(): void {}
}

function ask(
  handler: Function,
  method: string,
  role: Role | undefined,
  { publicReads = true, controller = Controller }: { publicReads?: boolean; controller?: Function } = {},
): 'passes' | 401 | 403 {
  const principal = role && { keyId: 'k', name: 'n', role };
  const context = {
    getHandler: () => handler,
    getClass: () => controller,
    switchToHttp: () => ({ getRequest: () => ({ method, principal }) }),
  } as unknown as ExecutionContext;
  const settings = { publicReads } as ConstructorParameters<typeof AuthorizationGuard>[1];
  try {
    expect(new AuthorizationGuard(new Reflector(), settings).canActivate(context)).toBe(true);
    return 'passes';
  } catch (error) {
    if (error instanceof KeyRequiredError) return 401;
    if (error instanceof RoleRequiredError) return 403;
    throw error;
  }
}

const anyRole = fc.constantFrom<Role | undefined>(undefined, ...ROLES);
const methods = Object.getOwnPropertyDescriptors(Controller.prototype);
const handlerOf = (name: keyof typeof Controller.prototype): Function => methods[name].value as Function;

describe('roles', () => {
  it('are ordered: each may do what the ones before it may, and nothing else', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ROLES), fc.constantFrom(...ROLES), (role, required) => {
        const rank = { viewer: 1, operator: 2, admin: 3 };
        expect(mayActAs(role, required)).toBe(rank[role] >= rank[required]);
      }),
    );
  });

  it('decide who passes a route that asks for one, whatever the method and the configuration', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ROLES),
        anyRole,
        fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE'),
        fc.boolean(),
        (required, role, method, publicReads) => {
          const expected = role === undefined ? 401 : mayActAs(role, required) ? 'passes' : 403;
          expect(ask(handlerOf(required), method, role, { publicReads })).toBe(expected);
        },
      ),
    );
  });
});

describe('a route that says nothing', () => {
  it('is for admins when it may change something', () => {
    fc.assert(
      fc.property(fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'QUERY'), anyRole, (method, role) => {
        const expected = role === undefined ? 401 : role === 'admin' ? 'passes' : 403;
        expect(ask(handlerOf('forgotten'), method, role)).toBe(expected);
      }),
    );
  });

  it('is for everybody when it reads, or for viewers when reads are not public', () => {
    fc.assert(
      fc.property(fc.constantFrom('GET', 'HEAD'), anyRole, (method, role) => {
        expect(ask(handlerOf('plain'), method, role)).toBe('passes');
        expect(ask(handlerOf('plain'), method, role, { publicReads: false })).toBe(
          role === undefined ? 401 : 'passes',
        );
      }),
    );
  });
});

it('probes need no key, whatever the configuration', () => {
  const live = Object.getOwnPropertyDescriptor(Probes.prototype, 'live')?.value as Function;
  expect(ask(live, 'GET', undefined, { publicReads: false, controller: Probes })).toBe('passes');
});
