export { fingerprintOf } from './fingerprint.js';
export { AtCapacityError } from './at-capacity.error.js';
export { GleanerError, isPassing, isRetryable, messageOf } from './gleaner-error.js';
export { InvalidInputError } from './invalid-input.error.js';
export { NotFoundError } from './not-found.error.js';
