import { GleanerError } from '../../../core/errors/index.js';
import type { RunStatus } from './run.entity.js';

export class RunAlreadyActiveError extends GleanerError {
  readonly code = 'run.already_active';
  readonly title = 'Run already active';
  override readonly severity = 'info';
  override readonly httpStatus = 409;
  override readonly extensions: { run?: string };

  /** @param runId the run that is under way, if it is known. */
  constructor(source: string, runId: string | undefined) {
    super(
      `The source "${source}" is being scraped already. Wait for ${runId ? `run ${runId}` : 'its run'} to end, then try again.`,
    );
    this.extensions = runId ? { run: `/api/v1/runs/${runId}` } : {};
  }
}

/** Somebody has switched it off; nobody scrapes it until it is on again. */
export class SourceDisabledError extends GleanerError {
  readonly code = 'source.disabled';
  readonly title = 'Source disabled';
  override readonly severity = 'info';
  override readonly httpStatus = 409;

  constructor(source: string) {
    super(
      `The source "${source}" is switched off. Switch it on with PATCH { "enabled": true }, then start a run.`,
    );
  }
}

/** There is nothing left to cancel. */
export class RunNotActiveError extends GleanerError {
  readonly code = 'run.not_active';
  readonly title = 'Run not active';
  override readonly severity = 'info';
  override readonly httpStatus = 409;

  constructor(runId: string, status: RunStatus) {
    super(`Run ${runId} has ended already: it is ${status}.`);
  }
}

/** Only what has ended can be resumed. */
export class RunStillActiveError extends GleanerError {
  readonly code = 'run.still_active';
  readonly title = 'Run still active';
  override readonly severity = 'info';
  override readonly httpStatus = 409;

  constructor(runId: string) {
    super(`Run ${runId} has not ended; there is nothing to resume.`);
  }
}

export class NothingToResumeError extends GleanerError {
  readonly code = 'run.nothing_to_resume';
  readonly title = 'Nothing to resume';
  override readonly severity = 'info';
  override readonly httpStatus = 409;

  constructor(runId: string, open: number, maxPages: number) {
    super(
      open === 0
        ? `Run ${runId} has no page left to fetch, or what it had is not kept any more. Start a new run.`
        : `Run ${runId} has fetched the ${maxPages} pages that its source allows. Raise limits.maxPages, then resume it.`,
    );
  }
}

/** The run has ended, or was begun anew: what this worker found for it is not written any more. */
export class RunOverError extends GleanerError {
  readonly code = 'run.over';
  readonly title = 'Run over';
  override readonly severity = 'info';

  constructor(runId: string) {
    super(`Run ${runId} has ended, or was resumed since; nothing more is written for it by this worker.`);
  }
}
