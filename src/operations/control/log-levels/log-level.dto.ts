import { z } from 'zod';
import { ALL_MODULES, LOG_LEVELS } from '../../../core/logging/index.js';
import type { SetLevel } from '../../../platform/log-levels/index.js';

const HOUR = 3600;
const MONTH = 31 * 24 * HOUR;

const level = z.enum(LOG_LEVELS, `expected one of ${LOG_LEVELS.join(', ')}`);

export const moduleName = z
  .string()
  .regex(/^(?:\*|[A-Za-z][\w.-]{0,63})$/, `expected the name of a module, or ${ALL_MODULES}`)
  .describe(
    `As lines of the log have it in "module"; ${ALL_MODULES} for all that have no level of their own`,
  );

export const logLevelBody = z.strictObject({
  level,
  expiresInSeconds: z
    .int(`expected seconds, ${MONTH} at most, or null`)
    .min(1)
    .max(MONTH)
    .nullable()
    .default(HOUR)
    .describe('Null: until it is taken back'),
});

export const logLevelSchema = z
  .object({
    module: z.string(),
    level: z.enum(LOG_LEVELS),
    expiresAt: z.string().nullable().describe('Null: until it is taken back'),
  })
  .meta({ id: 'LogLevel' });

export type LogLevelDto = z.output<typeof logLevelSchema>;

export const logLevelListSchema = z.object({
  default: z.enum(LOG_LEVELS).describe('LOG_LEVEL of this process'),
  items: z.array(logLevelSchema),
});

export const toLogLevelDto = ({ expiresAt, ...set }: SetLevel): LogLevelDto => ({
  ...set,
  expiresAt: expiresAt?.toISOString() ?? null,
});
