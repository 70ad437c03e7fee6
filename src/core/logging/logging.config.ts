import { z } from 'zod';
import { type ConfigOf, defineConfig, setting } from '../config/index.js';
import { LOG_LEVELS } from './log-levels.js';

const expected = `expected one of ${LOG_LEVELS.join(', ')}`;

export const loggingConfig = defineConfig('logging', {
  level: setting('LOG_LEVEL', z.enum(LOG_LEVELS, expected).default('info'), 'lowest level that is written'),
  directory: setting(
    'LOG_DIR',
    z.string().min(1, 'expected a directory').optional(),
    'where lines are also written to app.log, tasks.log and scraping.log, 10 MB each and five older ones; none by default',
  ),
});

export type LoggingConfig = ConfigOf<typeof loggingConfig>;
