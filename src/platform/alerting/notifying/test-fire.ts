import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { messageOf, NotFoundError } from '../../../core/errors/index.js';
import { type AlertingConfig, alertingConfig } from '../alerting.config.js';
import type { AlertRule, AlertSeverity } from '../rules/rule.js';
import { Rules } from '../rules/rules.js';
import { ALERT_CHANNELS, type AlertChannel } from './channels/channel.js';
import { type AlertMessage, runbookOf } from './message.js';

/** What came of a test at one channel. */
export interface TestResult {
  readonly channel: string;
  /** `skipped`: it is not told of alerts so harmless. */
  readonly result: 'delivered' | 'failed' | 'skipped';
  readonly durationMs: number;
  readonly error: string | null;
}

/** Tells all channels of an alert that there is not, at once, to see whether they work. */
@Injectable()
export class TestFire {
  constructor(
    private readonly rules: Rules,
    @Inject(ALERT_CHANNELS) private readonly channels: readonly AlertChannel[],
    @Inject(alertingConfig.token) private readonly config: AlertingConfig,
  ) {}

  /**
   * @param severity the rule's own, if not given.
   * @throws NotFoundError of a rule that there is not.
   */
  async fire(name: string, severity?: AlertSeverity): Promise<TestResult[]> {
    const rule = this.rules.get(name);
    if (!rule) throw new NotFoundError('alert rule', name);
    const message = this.messageOf(rule, severity ?? rule.severity);
    return Promise.all(this.channels.map(async (channel) => tell(channel, message)));
  }

  private messageOf(rule: AlertRule, severity: AlertSeverity): AlertMessage {
    const now = new Date().toISOString();
    const test = {
      id: `test-${randomUUID()}`,
      labels: {},
      summary: 'This is a test; nothing is wrong.',
      value: rule.threshold,
      threshold: rule.threshold,
      startedAt: now,
      resolvedAt: null,
    };
    return {
      kind: 'test',
      rule: rule.name,
      severity,
      runbook: runbookOf(rule, this.config.runbooksUrl),
      alerts: [test],
      more: 0,
      details: [],
      at: now,
    };
  }
}

async function tell(channel: AlertChannel, message: AlertMessage): Promise<TestResult> {
  const { name } = channel;
  if (!channel.accepts(message)) return { channel: name, result: 'skipped', durationMs: 0, error: null };
  const startedAt = performance.now();
  const took = () => Math.round(performance.now() - startedAt);
  try {
    await channel.deliver(message, `${message.alerts[0]?.id ?? 'test'}-${name}`);
    return { channel: name, result: 'delivered', durationMs: took(), error: null };
  } catch (error) {
    return { channel: name, result: 'failed', durationMs: took(), error: messageOf(error) };
  }
}
