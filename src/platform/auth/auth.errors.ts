import { GleanerError } from '../../core/errors/index.js';
import type { Role } from './roles.js';

/** Two headers and not one with both: not every browser finds its own scheme behind a comma. */
const challenge = (error?: string): { 'WWW-Authenticate': string[] } => ({
  'WWW-Authenticate': [
    `Bearer realm="gleaner"${error ? `, error="${error}"` : ''}`,
    'Basic realm="gleaner", charset="UTF-8"',
  ],
});

/** The route needs a key, and there is none. */
export class KeyRequiredError extends GleanerError {
  readonly code = 'auth.key_required';
  readonly title = 'Key required';
  override readonly severity = 'info';
  override readonly httpStatus = 401;
  override readonly headers = challenge();

  constructor(role: Role) {
    super(
      `This needs an API key with the role ${role}. Send it as "Authorization: Bearer <key>", or as the password of Basic.`,
    );
  }
}

/** Why a presented key is not accepted; of a key that exists, only who has all of it hears more than "unknown". */
export const REFUSALS = ['malformed', 'unknown', 'expired', 'revoked'] as const;
export type Refusal = (typeof REFUSALS)[number];

const REASONS: Readonly<Record<Refusal, string>> = {
  malformed:
    'expected "Authorization: Bearer <key>" or Basic with the key as password, and a key of this server',
  unknown: 'there is no such key',
  expired: 'it has expired',
  revoked: 'it has been revoked',
};

/** What was presented is no key that opens anything. */
export class InvalidKeyError extends GleanerError {
  readonly code = 'auth.invalid_key';
  readonly title = 'Invalid key';
  override readonly severity = 'info';
  override readonly httpStatus = 401;
  override readonly headers = challenge('invalid_token');

  constructor(readonly refusal: Refusal) {
    super(`The API key is not accepted: ${REASONS[refusal]}.`);
  }
}

/** The key is good, but not for this. */
export class RoleRequiredError extends GleanerError {
  readonly code = 'auth.role_required';
  readonly title = 'Forbidden';
  override readonly severity = 'info';
  override readonly httpStatus = 403;

  constructor(required: Role, role: Role) {
    super(`This needs a key with the role ${required}; yours has the role ${role}.`);
  }
}

/** Whether the key is good cannot be told just now: neither 401, which would make clients forget it, nor 500. */
export class KeysUnavailableError extends GleanerError {
  readonly code = 'auth.unavailable';
  readonly title = 'Keys unavailable';
  override readonly severity = 'warning';
  override readonly retryable = true;
  override readonly httpStatus = 503;
  override readonly retryAfterSeconds = 5;

  constructor(cause: unknown) {
    super('The API key cannot be checked at the moment, for the database does not answer.', { cause });
  }
}

/** Too many keys that open nothing have come from this network: none is looked at for a while, good or bad. */
export class TooManyFailuresError extends GleanerError {
  readonly code = 'auth.too_many_failures';
  readonly title = 'Too many failed attempts';
  override readonly severity = 'info';
  override readonly httpStatus = 429;

  constructor(
    override readonly retryAfterSeconds: number,
    /** Whether this is the first one that is turned away. */
    readonly first: boolean,
  ) {
    super(
      'Too many keys that open nothing have come from this network. Wait, or leave the key out where none is needed.',
    );
  }
}
