import { processId } from '../../../../core/process/index.js';
import { type AlertMessage, headline, linesOf } from '../message.js';
import type { AlertChannel } from './channel.js';
import { postJson } from './post-json.js';

/** Characters that PagerDuty takes of a summary. */
const MAX_SUMMARY = 1024;

/**
 * PagerDuty's Events API v2: an alert that fires triggers an incident, and one that is resolved resolves it; they find
 * each other by `dedup_key`. Whoever is called out of bed is called for critical alerts only.
 */
export class PagerDutyChannel implements AlertChannel {
  readonly name = 'pagerduty';
  readonly oneByOne = true;

  constructor(
    private readonly url: string,
    private readonly routingKey: string,
  ) {}

  accepts({ severity }: Pick<AlertMessage, 'severity'>): boolean {
    return severity === 'critical';
  }

  async deliver(message: AlertMessage): Promise<void> {
    await postJson(this.url, JSON.stringify(this.event(message)));
    // Nobody has to be woken by a test: that it arrived is all that there is to know.
    if (message.kind === 'test')
      await postJson(this.url, JSON.stringify(this.event({ ...message, kind: 'resolved' })));
  }

  private event(message: AlertMessage): object {
    const { kind, rule, severity, alerts, runbook, at } = message;
    const dedupKey = `gleaner-${alerts[0]?.id ?? rule}`;
    const identity = { routing_key: this.routingKey, dedup_key: dedupKey };
    if (kind === 'resolved') return { ...identity, event_action: 'resolve' };
    return {
      ...identity,
      event_action: 'trigger',
      payload: {
        summary: headline(message).slice(0, MAX_SUMMARY),
        source: processId,
        severity,
        timestamp: at,
        component: 'gleaner',
        class: rule,
        custom_details: { ...alerts[0], lines: linesOf(message) },
      },
      links: URL.canParse(runbook) ? [{ href: runbook, text: 'Runbook' }] : [],
    };
  }
}
