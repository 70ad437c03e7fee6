import { z } from 'zod';
import { keyTime, pageQuery, pageSchema } from '../../../core/http/index.js';
import { sourceSlug } from '../../sources/index.js';
import type { RunRow } from './run-reader.js';
import { runStatsSchema } from './run-stats.js';
import { FINISH_REASONS, RUN_STATUSES, RUN_TRIGGERS } from './run.entity.js';

export const runSchema = z
  .object({
    id: z.uuid(),
    source: sourceSlug,
    trigger: z.enum(RUN_TRIGGERS),
    status: z.enum(RUN_STATUSES),
    // Not nullable(): OpenAPI 3.0 has null allowed by an enum only when it is one of its values.
    finishReason: z.literal([...FINISH_REASONS, null]),
    attempt: z.int().describe('How many times a worker has begun it'),
    stats: runStatsSchema,
    failures: z.array(z.object({ url: z.string(), code: z.string(), message: z.string() })),
    error: z.string().nullable(),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Run' });

export type RunDto = z.output<typeof runSchema>;

export const runPageSchema = pageSchema(runSchema);

export const startedRunSchema = z.object({
  id: z.uuid(),
  url: z.string().describe('Where its progress can be seen'),
});

export const listRunsQuery = z.strictObject({
  source: sourceSlug.optional(),
  status: z.enum(RUN_STATUSES).optional(),
  ...pageQuery(z.tuple([keyTime, z.uuid()])),
});

export function toRunDto(row: RunRow): RunDto {
  return {
    ...row,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    updatedAt: row.updatedAt.toISOString(),
  };
}
