import { join } from 'node:path';
import { type Failed, LOG_FILES, type LogFile } from './log-file-names.js';
import { RollingFile } from './rolling-file.js';

const MAX_BYTES = 10 * 1024 * 1024;
const KEPT = 5;

/** The files of a directory, and which line belongs where. */
export class LogFiles {
  private readonly files: ReadonlyMap<LogFile, RollingFile>;
  /** The beginning of a line whose end has not come yet. */
  private rest = '';

  /** @param failed is told of lines that could not be written. */
  constructor(
    directory: string,
    private readonly failed: Failed,
  ) {
    this.files = new Map(
      LOG_FILES.map((name) => [name, new RollingFile(join(directory, name), MAX_BYTES, KEPT)]),
    );
  }

  /** @param chunk lines, of which the last may be the beginning of one. */
  write(chunk: string): void {
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop() ?? '';
    this.append('app', lines);
    this.append('tasks', lines.filter(isOfTask));
    this.append('scraping', lines.filter(isOfRun));
  }

  close(): void {
    for (const file of this.files.values()) file.close();
  }

  private append(name: LogFile, lines: readonly string[]): void {
    if (lines.length === 0) return;
    const failure = this.files.get(name)?.write(`${lines.join('\n')}\n`);
    if (failure !== undefined) this.failed(name, lines.length, failure);
  }
}

// Quotes within texts are escaped, so these are fields.
const isOfTask = (line: string): boolean => /"module":"Task(?:Log)?"/.test(line);
const isOfRun = (line: string): boolean => line.includes('"runId":"');
