import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { messageOf } from '../../../core/errors/index.js';
import { Periodic, type PeriodicWork } from '../../scheduling/index.js';
import { AlertingMetrics } from '../alerting.metrics.js';
import { Heartbeat } from '../notifying/heartbeat.js';
import type { Series } from '../rules/measure.js';
import type { AlertRule } from '../rules/rule.js';
import { Rules } from '../rules/rules.js';
import { ClusterMeasures } from '../windows/cluster-measures.js';
import { AlertStates } from './alert-states.js';
import { EvaluatorLease } from './evaluator-lease.js';

/** Alerts of one rule at a time: more would tell nobody more. */
const MAX_ALERTS = 100;

/**
 * Looks at what the rules look at, and keeps what becomes of their alerts. One scheduler does so at a time.
 *
 * 1. It takes or renews the lease; whoever does not get it leaves it at that.
 * 2. It measures, outside of any transaction. What cannot be measured is not known, and its alerts stay as they are.
 * 3. In one transaction, which begins with confirming the lease, alerts become pending, firing and resolved, and the
 *    messages about it are written for the channels. So each change is told of once, whoever dies when.
 */
@Injectable()
@Periodic({ name: 'evaluate-alerts', everyMs: 15_000 })
export class AlertEvaluator implements PeriodicWork, BeforeApplicationShutdown {
  private readonly logger = new Logger(AlertEvaluator.name);
  private readonly unknown = new Set<string>();

  constructor(
    private readonly rules: Rules,
    private readonly lease: EvaluatorLease,
    private readonly measures: ClusterMeasures,
    private readonly states: AlertStates,
    private readonly heartbeat: Heartbeat,
    private readonly metrics: AlertingMetrics,
  ) {}

  async runOnce(): Promise<void> {
    if (!(await this.lease.take())) return;
    const found = await Promise.all(
      this.rules.all.map(async (rule) => [rule, await this.measure(rule)] as const),
    );
    if (await this.states.advance(new Map(found))) await this.heartbeat.beat();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.lease.giveBack().catch((error: unknown) => {
      this.logger.warn(`the lease is not given back, and runs out: ${messageOf(error)}`);
    });
  }

  private async measure(rule: AlertRule): Promise<readonly Series[] | undefined> {
    try {
      const series = await this.measures.measure(rule);
      this.metrics.evaluations.inc({ result: series ? 'ok' : 'unknown' });
      this.unknown.delete(rule.name);
      return series?.slice(0, MAX_ALERTS);
    } catch (error) {
      this.metrics.evaluations.inc({ result: 'unknown' });
      // One line for the beginning is enough.
      if (!this.unknown.has(rule.name))
        this.logger.warn(`what the alert rule ${rule.name} looks at is not known: ${messageOf(error)}`);
      this.unknown.add(rule.name);
      return undefined;
    }
  }
}
