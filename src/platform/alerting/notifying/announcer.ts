import { Inject, Injectable, Logger } from '@nestjs/common';
import { messageOf } from '../../../core/errors/index.js';
import { type AlertingConfig, alertingConfig } from '../alerting.config.js';
import { ErrorGroups } from '../errors/error-groups.js';
import type { AlertRule, AlertSeverity } from '../rules/rule.js';
import type { AlertRow } from '../states/alert.entity.js';
import { ALERT_CHANNELS, type AlertChannel } from './channels/channel.js';
import { type AlertMessage, MAX_TOLD, type MessageKind, runbookOf, type ToldAlert } from './message.js';
import type { Outgoing } from './outbox.js';

/** Errors that a message names. */
const MAX_DETAILS = 5;

/** What a message tells of a rule. */
type ToldRule = Pick<AlertRule, 'name' | 'windowSeconds' | 'isExplainedByErrors'>;

/** Makes of what becomes of alerts what channels are to deliver. */
@Injectable()
export class Announcer {
  private readonly logger = new Logger(Announcer.name);

  constructor(
    @Inject(ALERT_CHANNELS) private readonly channels: readonly AlertChannel[],
    @Inject(alertingConfig.token) private readonly config: AlertingConfig,
    private readonly errors: ErrorGroups,
  ) {}

  /** @param alerts of the rule; those of one severity are told of together. */
  async announce(
    rule: ToldRule,
    kind: MessageKind,
    alerts: readonly AlertRow[],
    at: Date,
  ): Promise<Outgoing[]> {
    if (alerts.length === 0) return [];
    const details = kind === 'resolved' ? [] : await this.detailsOf(rule);
    const message = (some: readonly AlertRow[], severity: AlertSeverity): AlertMessage => ({
      kind,
      rule: rule.name,
      severity,
      runbook: runbookOf(rule, this.config.runbooksUrl),
      alerts: some.slice(0, MAX_TOLD).map(toldOf),
      more: Math.max(0, some.length - MAX_TOLD),
      details,
      at: at.toISOString(),
    });
    return [...Map.groupBy(alerts, ({ severity }) => severity)].flatMap(([severity, some]) =>
      this.channels
        .filter((channel) => channel.accepts({ severity }))
        .flatMap(({ name: channel, oneByOne }) =>
          oneByOne
            ? some.map((alert) => ({ channel, groupKey: alert.id, message: message([alert], severity) }))
            : [{ channel, groupKey: rule.name, message: message(some, severity) }],
        ),
    );
  }

  /** The errors that were logged most; an alert goes out without them while Redis does not tell. */
  private async detailsOf({ isExplainedByErrors = false, windowSeconds }: ToldRule): Promise<string[]> {
    if (!isExplainedByErrors) return [];
    try {
      const groups = await this.errors.recent(windowSeconds);
      return groups.slice(0, MAX_DETAILS).map(({ count, message, module, fingerprint }) => {
        const where = module === undefined ? '' : ` (${module})`;
        return `${count} × ${message}${where}, fingerprint ${fingerprint}`;
      });
    } catch (error) {
      this.logger.warn(`an alert names no errors: ${messageOf(error)}`);
      return [];
    }
  }
}

function toldOf(alert: AlertRow): ToldAlert {
  const { id, labels, summary, value, threshold, pendingSince, resolvedAt } = alert;
  return {
    id,
    labels,
    summary,
    value,
    threshold,
    startedAt: pendingSince.toISOString(),
    resolvedAt: resolvedAt?.toISOString() ?? null,
  };
}
