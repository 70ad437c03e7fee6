import { z } from 'zod';
import { type ConfigOf, defineConfig, setting } from '../config/index.js';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const expected = `expected one of ${levels.join(', ')}`;

export const loggingConfig = defineConfig('logging', {
  level: setting('LOG_LEVEL', z.enum(levels, expected).default('info'), 'lowest level that is written'),
  directory: setting(
    'LOG_DIR',
    z.string().min(1, 'expected a directory').optional(),
    'where lines are also written to app.log, tasks.log and scraping.log, 10 MB each and five older ones; none by default',
  ),
});

export type LoggingConfig = ConfigOf<typeof loggingConfig>;
