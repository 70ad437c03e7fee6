import { destination, type DestinationStream, levels, symbols } from 'pino';
import type { LoggedErrors } from './logged-errors.js';

const LEVEL_ERROR = levels.values.error ?? Infinity;

/** Where every line of this process goes, once it is JSON. */
export class LogDestination implements DestinationStream {
  /** Makes pino tell the level beside the line. */
  readonly [symbols.needsMetadataGsym] = true;
  lastLevel = 0;

  constructor(
    private readonly stdout: DestinationStream & { flushSync?(): void },
    private readonly errors: LoggedErrors,
  ) {}

  write(line: string): void {
    const level = this.lastLevel;
    this.stdout.write(line);
    if (level >= LEVEL_ERROR) this.errors.tell(line);
  }

  /** pino calls it for a fatal line, after which there may be no other chance. */
  flushSync(): void {
    this.stdout.flushSync?.();
  }
}

/**
 * A write for each line took a seventh of the time of a cached read: lines go out in blocks, the last of them after a
 * tenth of a second. What is still here when the process exits is written then; only SIGKILL loses it.
 */
export function blocksOnStdout(): DestinationStream {
  return destination({ dest: 1, sync: false, minLength: 8192, periodicFlush: 100 });
}
