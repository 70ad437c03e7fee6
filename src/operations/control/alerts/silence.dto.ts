import { z } from 'zod';
import { text } from '../../../core/http/index.js';
import type { AlertSilence } from '../../../platform/alerting/index.js';
import { labelsSchema, ruleName } from './alert.dto.js';

const MAX_LABELS = 10;
/** Whoever wants to hear nothing for longer changes the rule. */
const MAX_SECONDS = 30 * 86_400;

export const silenceId = z.uuid('expected the id of a silence');

const silenceSchema = z
  .object({
    id: z.uuid(),
    rule: z.string().nullable().describe('Null: all rules'),
    labels: labelsSchema.describe('Only alerts with all of these'),
    reason: z.string(),
    createdBy: z.string(),
    createdAt: z.iso.datetime(),
    endsAt: z.iso.datetime(),
  })
  .meta({ id: 'AlertSilence' });

export type SilenceDto = z.output<typeof silenceSchema>;

export { silenceSchema };

export const silenceListSchema = z.object({ items: z.array(silenceSchema) });

const seconds = `expected whole seconds from 60 to ${MAX_SECONDS}`;

export const newSilenceBody = z.strictObject({
  rule: ruleName.nullable().default(null).describe('Alerts of this rule; without it those of all'),
  labels: z
    .record(text(100), text(300))
    .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `expected at most ${MAX_LABELS} labels`)
    .default({})
    .describe('Only alerts that have all of these'),
  reason: text(500).describe('For whoever finds it'),
  seconds: z.int(seconds).min(60, seconds).max(MAX_SECONDS, seconds).describe('How long it lasts'),
});

export function toSilenceDto(silence: AlertSilence): SilenceDto {
  const { id, rule, labels, reason, createdBy, createdAt, endsAt } = silence;
  return {
    id,
    rule,
    labels,
    reason,
    createdBy,
    createdAt: createdAt.toISOString(),
    endsAt: endsAt.toISOString(),
  };
}
