import { z } from 'zod';

/** `degraded`: it works, but not well; or it does not, and the process can do without. */
const PROBE_STATUSES = ['up', 'degraded', 'down'] as const;

/** What anybody may see: nothing of the inside. */
const checkSchema = z.object({
  status: z.enum(PROBE_STATUSES),
  reason: z.string().optional().describe('Why it is not up, for programs, e.g. beat.no_scheduler'),
});

/** `ok` and `degraded` are answered with 200, the others with 503. */
const HEALTH_STATUSES = ['ok', 'degraded', 'error', 'shutting_down'] as const;

export interface Health {
  readonly status: (typeof HEALTH_STATUSES)[number];
  readonly checks: Readonly<Record<string, z.output<typeof checkSchema>>>;
}

/** What operators see. */
export const detailedHealthSchema = z
  .object({
    status: z.enum(HEALTH_STATUSES),
    instance: z.string().describe('The process that answers, which tells of itself'),
    checks: z.record(
      z.string(),
      checkSchema.extend({
        essential: z.boolean().describe('Whether the process gets no traffic without it'),
        message: z.string().optional(),
        details: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .meta({ id: 'Health' });

/** One probe, as it was found. */
export interface Check {
  readonly status: (typeof PROBE_STATUSES)[number];
  readonly essential: boolean;
  readonly reason?: string;
  readonly message?: string;
  readonly details: Readonly<Record<string, unknown>>;
}
