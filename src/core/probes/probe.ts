import { DiscoveryService } from '@nestjs/core';

export interface ProbeOptions {
  /** Name in the health document, e.g. `redis`. */
  name: string;
  /** Upper bound for one check in milliseconds; a hanging dependency counts as down after it. */
  timeoutMs: number;
  /** How long an answer is reused, in milliseconds, so that many probes do not become many round trips. */
  cacheMs: number;
}

/** Something whose health matters. `check` resolves with details when all is well and throws when it is not. */
export interface HealthProbe {
  check(signal: AbortSignal): Promise<Record<string, unknown>>;
}

/**
 * Declares a provider as a probe. The module that owns the dependency declares it beside the client it uses;
 * `operations/health` finds all of them, so that no list has to be kept.
 */
export const Probe = DiscoveryService.createDecorator<ProbeOptions>();
