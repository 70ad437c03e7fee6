import { GleanerError } from '../../../core/errors/index.js';

export class RunAlreadyActiveError extends GleanerError {
  readonly code = 'run.already_active';
  readonly title = 'Run already active';
  override readonly severity = 'info';
  override readonly httpStatus = 409;
  override readonly extensions: { run: string };

  constructor(source: string, runId: string) {
    super(`The source "${source}" is being scraped already. Wait for run ${runId} to end, then try again.`);
    this.extensions = { run: `/api/v1/runs/${runId}` };
  }
}

/** Another attempt has begun since: what this one found must not be written any more. */
export class RunTakenOverError extends GleanerError {
  readonly code = 'run.taken_over';
  readonly title = 'Run taken over';
  override readonly severity = 'warning';

  constructor(runId: string) {
    super(
      `Run ${runId} has been taken over by another attempt, or has ended; nothing more is written by this one.`,
    );
  }
}
