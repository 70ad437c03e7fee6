import { DiscoveryService } from '@nestjs/core';

export interface ProbeOptions {
  /** Name in the health document, e.g. `redis`. */
  name: string;
  /** Upper bound for one check in milliseconds; a hanging dependency counts as down after it. */
  timeoutMs: number;
  /** How long an answer is reused, in milliseconds, so that many probes do not become many round trips. */
  cacheMs: number;
  /**
   * Whether a process without it is of no use, and gets no traffic. Of all others the process says how it stands with
   * them, for people and alerts: taking it out of service would mend nothing.
   */
  essential: boolean;
}

/** What a check found out: details, and when all is not well, though it works, why. */
export interface Findings {
  /** For programs, e.g. `beat.no_scheduler`; with one the probe is `degraded`. */
  readonly reason?: string;
  readonly [detail: string]: unknown;
}

/** Something whose health matters. `check` throws when it does not work at all. */
export interface HealthProbe {
  check(signal: AbortSignal): Promise<Findings>;
}

/**
 * Declares a provider as a probe. The module that owns the dependency declares it beside the client it uses;
 * `operations/health` finds all of them, so that no list has to be kept.
 */
export const Probe = DiscoveryService.createDecorator<ProbeOptions>();
