import { Injectable, Logger } from '@nestjs/common';
import { InjectMetric, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { LOG_FILES, type LogFile } from './log-file-names.js';
import { logFileThread } from './log-file-thread.js';

const FAILURES = 'gleaner_log_write_failures_total';
/** The warning goes to the files, too, as far as they can be written. */
const WARN_EVERY_MS = 60_000;

export const logFileMetricProviders = [
  makeCounterProvider({
    name: FAILURES,
    help: 'Lines that are not in a log file, because it could not be written; stdout has them',
    labelNames: ['file'],
  }),
];

/** Counts what log files miss, and says so on stdout. */
@Injectable()
export class LogFileFailures {
  private readonly logger = new Logger(LogFileFailures.name);
  private warnedAt = -Infinity;

  constructor(@InjectMetric(FAILURES) private readonly failures: Counter) {
    for (const file of LOG_FILES) failures.inc({ file }, 0);
    logFileThread.onFailure((...what) => this.failed(...what));
  }

  private failed(file: LogFile, lines: number, reason: string): void {
    this.failures.inc({ file }, lines);
    const now = performance.now();
    if (now < this.warnedAt + WARN_EVERY_MS) return;
    this.warnedAt = now;
    this.logger.warn({ file, lines, reason }, 'a log file could not be written; it misses lines');
  }
}
