import type { Options } from 'pino-http';
import { correlation } from '../correlation/index.js';
import { processId } from '../process/index.js';
import { loggedErrorFields } from './logged-error-fields.js';

/** How pino makes a line; what becomes of it then is LogDestination's. */
export function loggerOptions(level: string, mode: string): Options {
  return {
    level,
    base: { service: 'gleaner', mode, instance: processId },
    timestamp: isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // What every line tells of the request, task or run that it was written for.
    mixin: () => correlation() ?? {},
    serializers: { err: loggedErrorFields },
  };
}

let lastMs = 0;
let lastTime = '';

/** The time of a line; busy processes write many within a millisecond, and formatting is dear. */
function isoTime(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastTime = `,"time":"${new Date(now).toISOString()}"`;
  }
  return lastTime;
}
