import { type DestinationStream, levels, symbols } from 'pino';
import type { LoggedErrors } from './logged-errors.js';
import { prettyLine } from './pretty-line.js';
import { shownLine } from './shown-line.js';

const LEVEL_ERROR = levels.values.error ?? Infinity;

/** Where every line of this process goes, once it is JSON. */
export class LogDestination implements DestinationStream {
  /** Makes pino tell beside the line what it is made of. */
  readonly [symbols.needsMetadataGsym] = true;
  lastLevel = 0;

  constructor(
    private readonly stdout: DestinationStream & { flushSync?(): void },
    private readonly errors: LoggedErrors,
    private readonly files?: DestinationStream,
  ) {}

  write(line: string): void {
    const level = this.lastLevel;
    const shown = shownLine(line);
    this.stdout.write(shown);
    this.files?.write(shown);
    if (level >= LEVEL_ERROR) this.errors.tell(shown);
  }

  /** pino calls it for a fatal line, after which there may be no other chance. */
  flushSync(): void {
    this.stdout.flushSync?.();
  }
}

/** For a person who looks on: at once, and readable. */
export const prettyStdout: DestinationStream = {
  write: (line) => void process.stdout.write(prettyLine(line)),
};
