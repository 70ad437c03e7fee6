/** Injects the connection for short commands (cache, throttle, probe): it fails within a second, and never queues for long. */
export const SHARED_REDIS = Symbol('shared redis');
