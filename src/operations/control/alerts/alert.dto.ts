import { z } from 'zod';
import { keyTime, pageQuery, pageSchema, text } from '../../../core/http/index.js';
import {
  ALERT_STATES,
  type AlertRow,
  type AlertRule,
  type Delivery,
  NOTIFICATION_STATES,
  runbookName,
  SEVERITIES,
} from '../../../platform/alerting/index.js';

const time = z.iso.datetime();
export const labelsSchema = z.record(z.string(), z.string());
const severity = z.enum(SEVERITIES, `expected one of ${SEVERITIES.join(', ')}`);

export const ruleName = text(100);

const alertFields = {
  id: z.uuid(),
  rule: z.string(),
  labels: labelsSchema.describe('What tells it from other alerts of the rule'),
  severity,
  state: z
    .enum(ALERT_STATES)
    .describe('pending: its condition holds, but not for long enough; resolved: it was an alert'),
  summary: z.string(),
  value: z.number().describe('When it was last looked at'),
  threshold: z.number(),
  pendingSince: time,
  firingSince: time.nullable(),
  resolvedAt: time.nullable(),
  toldAt: time
    .nullable()
    .describe('When people were last told that it fires; null while it is silenced or cools down'),
  runbook: z.string().describe('Name of the page that tells what to do'),
};

const alertSchema = z.object(alertFields).meta({ id: 'Alert' });

export type AlertDto = z.output<typeof alertSchema>;

export const alertPageSchema = pageSchema(alertSchema);

const deliverySchema = z.object({
  channel: z.string(),
  kind: z.string(),
  state: z.enum(NOTIFICATION_STATES),
  attempts: z.int(),
  lastError: z.string().nullable(),
  createdAt: time,
  sentAt: time.nullable(),
});

export const alertDetailSchema = alertSchema
  .extend({ deliveries: z.array(deliverySchema).describe('Messages about it, the first 50') })
  .meta({ id: 'AlertDetail' });

export type AlertDetailDto = z.output<typeof alertDetailSchema>;

export const alertId = z.uuid('expected the id of an alert');

export const listAlertsQuery = z.strictObject({
  state: z.enum(ALERT_STATES, `expected one of ${ALERT_STATES.join(', ')}`).optional(),
  rule: ruleName.optional(),
  ...pageQuery(z.tuple([keyTime, z.uuid()])),
});

const ruleSchema = z
  .object({
    name: z.string(),
    severity,
    summary: z.string(),
    condition: z.enum(['above', 'below']),
    threshold: z.number(),
    unit: z.string(),
    by: z.array(z.string()).describe('Labels by which its alerts are told apart'),
    windowSeconds: z.number(),
    forSeconds: z.number(),
    coolDownSeconds: z.number(),
    runbook: z.string(),
    pending: z.int().describe('Alerts of it'),
    firing: z.int(),
  })
  .meta({ id: 'AlertRule' });

export type RuleDto = z.output<typeof ruleSchema>;

export const ruleListSchema = z.object({ items: z.array(ruleSchema) });

export const testBody = z.preprocess(
  (body) => body ?? {},
  z.strictObject({
    severity: severity.optional().describe("As if it were so severe; the rule's own if not given"),
  }),
);

export const testSchema = z
  .object({
    items: z.array(
      z.object({
        channel: z.string(),
        result: z
          .enum(['delivered', 'failed', 'skipped'])
          .describe('skipped: the channel is not told of alerts so harmless'),
        durationMs: z.number(),
        error: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'AlertTest' });

export function toAlertDto(alert: AlertRow): AlertDto {
  return {
    ...alert,
    runbook: runbookName({ name: alert.rule }),
    pendingSince: alert.pendingSince.toISOString(),
    firingSince: alert.firingSince?.toISOString() ?? null,
    resolvedAt: alert.resolvedAt?.toISOString() ?? null,
    toldAt: alert.toldAt?.toISOString() ?? null,
  };
}

export function toAlertDetailDto(alert: AlertRow, deliveries: readonly Delivery[]): AlertDetailDto {
  return {
    ...toAlertDto(alert),
    deliveries: deliveries.map(({ createdAt, sentAt, ...delivery }) => ({
      ...delivery,
      createdAt: createdAt.toISOString(),
      sentAt: sentAt?.toISOString() ?? null,
    })),
  };
}

export function toRuleDto(
  rule: AlertRule,
  open: { readonly pending: number; readonly firing: number } | undefined,
): RuleDto {
  const { name, severity: its, summary, above, threshold, unit, by } = rule;
  const { windowSeconds, forSeconds, coolDownSeconds } = rule;
  return {
    name,
    severity: its,
    summary,
    condition: above ? 'above' : 'below',
    threshold,
    unit,
    by: [...by],
    windowSeconds,
    forSeconds,
    coolDownSeconds,
    runbook: runbookName(rule),
    pending: open?.pending ?? 0,
    firing: open?.firing ?? 0,
  };
}
