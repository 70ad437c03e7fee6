import type { Principal } from '../../core/http/index.js';
import { KeyRequiredError, RoleRequiredError } from './auth.errors.js';
import { mayActAs, type Role } from './roles.js';

/** @throws KeyRequiredError without a principal, RoleRequiredError when it may not act as this. */
export function assertRole(principal: Principal | undefined, required: Role): void {
  if (!principal) throw new KeyRequiredError(required);
  if (!mayActAs(principal.role, required)) throw new RoleRequiredError(required, principal.role);
}
