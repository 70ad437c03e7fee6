import { GleanerError } from '../../../core/errors/index.js';

export class InvalidCronError extends GleanerError {
  readonly code = 'schedule.invalid_cron';
  readonly title = 'Invalid cron pattern';

  constructor(cron: string, timeZone: string, options?: ErrorOptions) {
    super(
      `The cron pattern "${cron}" in the time zone "${timeZone}" has no next time. Expected 5 or 6 fields that some day fits, and an IANA name. Put the schedule anew.`,
      options,
    );
  }
}

/** A schedule names work that this process does not have: while releases roll out another one may. */
export class UnknownTargetError extends GleanerError {
  readonly code = 'schedule.unknown_target';
  readonly title = 'Unknown target';
  override readonly retryable = true;

  constructor(target: string) {
    super(
      `No work of this process is declared as @ScheduleTarget('${target}'). Update the scheduler, or put the schedule anew.`,
    );
  }
}
