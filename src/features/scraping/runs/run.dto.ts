import { z } from 'zod';
import { keyTime, pageQuery, pageSchema } from '../../../core/http/index.js';
import { sourceSlug } from '../../sources/index.js';
import type { RunRow } from './run-reader.js';
import { runStatsSchema } from './run-stats.js';
import type { FailureRow } from '../frontier/failure-reader.js';
import { FINISH_REASONS, POSTPONE_REASONS, RUN_STATUSES, RUN_TRIGGERS } from './run.entity.js';

export const runSchema = z
  .object({
    id: z.uuid(),
    source: sourceSlug,
    trigger: z.enum(RUN_TRIGGERS),
    status: z.enum(RUN_STATUSES),
    // Not nullable(): OpenAPI 3.0 has null allowed by an enum only when it is one of its values.
    finishReason: z.literal([...FINISH_REASONS, null]),
    attempt: z.int().describe('How many times it was begun or resumed'),
    openRequests: z.int().describe('Pages that it knows of and has not ended'),
    postponed: z
      .object({ until: z.iso.datetime(), reason: z.enum(POSTPONE_REASONS) })
      .nullable()
      .describe('Set while every host that is left may not be asked'),
    stats: runStatsSchema,
    suspicions: z
      .array(z.object({ kind: z.string(), message: z.string() }))
      .describe('What is not as it used to be'),
    failures: z
      .array(z.object({ url: z.string(), code: z.string(), message: z.string() }))
      .describe('The first 100 pages that were given up; /failures has all'),
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

const runFailureSchema = z
  .object({
    url: z.string(),
    code: z.string().describe('What went wrong, e.g. fetch.timeout'),
    message: z.string(),
    depth: z.int().describe('Links from a start page'),
    tries: z.int().describe('How often it was tried again'),
  })
  .meta({ id: 'RunFailure' });

export type RunFailureDto = z.output<typeof runFailureSchema>;

export const runFailurePageSchema = pageSchema(runFailureSchema);
export const listRunFailuresQuery = z.strictObject(pageQuery(z.tuple([z.int().min(0)])));

export function toRunDto({ postponedUntil, postponedReason, ...row }: RunRow): RunDto {
  const postponed =
    postponedUntil && postponedReason
      ? { until: postponedUntil.toISOString(), reason: postponedReason }
      : null;
  return {
    ...row,
    postponed,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    updatedAt: row.updatedAt.toISOString(),
  };
}

export function toRunFailureDto({ url, code, message, depth, tries }: FailureRow): RunFailureDto {
  return { url, code, message, depth, tries };
}
