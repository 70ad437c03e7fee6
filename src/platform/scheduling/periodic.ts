import { DiscoveryService } from '@nestjs/core';

export interface PeriodicOptions {
  /** Name in the logs, e.g. `rescue-runs`. */
  name: string;
  /** Milliseconds from the end of one execution to the beginning of the next. */
  everyMs: number;
}

/** Work that recurs in scheduler mode. Several schedulers may run it at once: it has to be safe under that. */
export interface PeriodicWork {
  runOnce(): Promise<void>;
}

/** Declares a provider as periodic work; the scheduler finds all of them. */
export const Periodic = DiscoveryService.createDecorator<PeriodicOptions>();
