import { GleanerError } from '../../core/errors/index.js';
import type { SourceOrigin } from './source.entity.js';

export class SourceExistsError extends GleanerError {
  readonly code = 'source.exists';
  readonly title = 'Source exists';
  override readonly severity = 'info';
  override readonly httpStatus = 409;

  constructor(slug: string) {
    super(`There is a source "${slug}" already. Choose another slug, or replace it with PUT.`);
  }
}

const WHERE_ELSE: Readonly<Record<Exclude<SourceOrigin, 'api'>, string>> = {
  code: 'Gleaner itself; its settings are environment variables',
  file: 'a file in SOURCES_DIR: change or remove that, and start the processes again',
};

/** Somebody else says what the source is, and would say so again at the next boot. */
export class SourceNotEditableError extends GleanerError {
  readonly code = 'source.not_editable';
  readonly title = 'Source not editable';
  override readonly severity = 'info';
  override readonly httpStatus = 409;

  constructor(slug: string, origin: Exclude<SourceOrigin, 'api'>) {
    super(
      `The source "${slug}" is declared by ${WHERE_ELSE[origin]}. It can be switched off and on with PATCH { "enabled": … }.`,
    );
  }
}

export class SourceInUseError extends GleanerError {
  readonly code = 'source.in_use';
  readonly title = 'Source in use';
  override readonly severity = 'info';
  override readonly httpStatus = 409;

  constructor(slug: string, cause: unknown) {
    super(
      `A run of the source "${slug}" is under way. Cancel it or let it end, then delete the source again.`,
      { cause },
    );
  }
}
