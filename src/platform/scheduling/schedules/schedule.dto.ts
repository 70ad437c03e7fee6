import { z } from 'zod';
import { pageQuery, pageSchema, text } from '../../../core/http/index.js';
import { checkCron, isTimeZone } from './cron.js';
import { OUTCOMES, OVERLAPS, type Schedule } from './schedule.entity.js';

const MAX_JITTER_SECONDS = 3600;

const jitter = `expected whole seconds from 0 to ${MAX_JITTER_SECONDS}`;

const cron = text(100).superRefine((value, context) => {
  const fault = checkCron(value);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

const timeZone = text(100).refine(isTimeZone, 'expected the IANA name of a time zone, e.g. Europe/Berlin');

/** When something happens by itself, as whoever declares it says; for the bodies of other modules' routes. */
export const scheduleSchema = z.strictObject({
  cron: cron.describe('minute, hour, day of the month, month, weekday; with six fields seconds come first'),
  timeZone: timeZone.default('UTC').describe('IANA name of the zone whose clocks the pattern means'),
  jitterSeconds: z
    .int(jitter)
    .min(0, jitter)
    .max(MAX_JITTER_SECONDS, jitter)
    .default(0)
    .describe('Each slot is late by a time of its own, below this'),
  overlap: z
    .enum(OVERLAPS, `expected one of ${OVERLAPS.join(', ')}`)
    .default('skip')
    .describe('What becomes of a slot while the work of an earlier one is not done'),
  enabled: z.boolean('expected true or false').default(true),
});

export type DeclaredSchedule = z.output<typeof scheduleSchema>;

export const scheduleName = text(200);

export const scheduleStateSchema = z
  .object({
    name: scheduleName,
    target: z.string().describe('What it sets off'),
    cron: z.string(),
    timeZone: z.string(),
    jitterSeconds: z.int(),
    overlap: z.enum(OVERLAPS),
    enabled: z.boolean(),
    nextRunAt: z.iso.datetime().nullable().describe('Slot and jitter; null when it is not enabled'),
    lastRunAt: z.iso.datetime().nullable().describe('When it last did what the outcome says'),
    // Not nullable(): OpenAPI 3.0 has null allowed by an enum only when it is one of its values.
    lastOutcome: z.literal([...OUTCOMES, null]),
    lastSlot: z.iso.datetime().nullable().describe('The time of the pattern that this was for'),
    waitingSlot: z.iso.datetime().nullable().describe('A slot that waits for earlier work to be done'),
  })
  .meta({ id: 'Schedule' });

export type ScheduleDto = z.output<typeof scheduleStateSchema>;

export const schedulePageSchema = pageSchema(scheduleStateSchema);

export const listSchedulesQuery = z.strictObject(pageQuery(z.tuple([scheduleName])));

export function toScheduleDto(schedule: Schedule): ScheduleDto {
  const { name, target, cron: pattern, timeZone: zone, jitterSeconds, overlap, enabled } = schedule;
  return {
    name,
    target,
    cron: pattern,
    timeZone: zone,
    jitterSeconds,
    overlap,
    enabled,
    nextRunAt: schedule.nextRunAt?.toISOString() ?? null,
    lastRunAt: schedule.lastRunAt?.toISOString() ?? null,
    lastOutcome: schedule.lastOutcome,
    lastSlot: schedule.lastSlot?.toISOString() ?? null,
    waitingSlot: schedule.waitingSlot?.toISOString() ?? null,
  };
}
