import 'reflect-metadata';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Counter, type Gauge, register } from 'prom-client';
import { AppModule } from '../../src/app/app.module.js';
import { loadConfig } from '../../src/core/config/index.js';
import { AlertingReportingModule, AlertingRunnerModule } from '../../src/platform/alerting/index.js';
import { Dispatcher } from '../../src/platform/alerting/notifying/dispatcher.js';
import type { AlertMessage } from '../../src/platform/alerting/notifying/message.js';
import { AlertEvaluator } from '../../src/platform/alerting/states/alert-evaluator.js';
import { Sampler } from '../../src/platform/alerting/windows/sampler.js';
import type { TestEnvironment } from './environment.js';

/** Alerting in a process whose metrics a test moves, and whose rules are evaluated when it says so. */
export class AlertNode {
  private constructor(
    readonly get: <T>(type: Type<T>) => T,
    readonly close: () => Promise<void>,
  ) {}

  static async start(env: Record<string, string>): Promise<AlertNode> {
    register.clear();
    @Module({
      imports: [
        AppModule.forMode('api', loadConfig({ ...env, MODE: 'api' })),
        AlertingReportingModule,
        AlertingRunnerModule,
      ],
    })
    class AlertNodeModule {}
    const app = await NestFactory.createApplicationContext(AlertNodeModule, {
      logger: false,
      abortOnError: false,
    });
    for (const metric of register.getMetricsAsArray()) {
      // Gauges are what the test says, whatever there is.
      if (!metric.name.startsWith('gleaner_')) continue;
      Object.assign(metric, { collect: undefined });
      if (metric.name.endsWith('_metrics_stale')) (metric as unknown as Gauge).set(0);
    }
    return new AlertNode(
      (type) => app.get(type, { strict: false }),
      async () => app.close(),
    );
  }

  /** Adds to a counter of this process. */
  count(name: string, labels: Record<string, string>, by: number): void {
    (register.getSingleMetric(name) as Counter).inc(labels, by);
  }

  /** Sets a gauge of this process. */
  set(name: string, labels: Record<string, string>, value: number): void {
    (register.getSingleMetric(name) as Gauge).set(labels, value);
  }

  /** Tells the cluster what was counted, and evaluates all rules. */
  async evaluate(): Promise<void> {
    await this.get(Sampler).runOnce();
    await this.get(AlertEvaluator).runOnce();
  }

  /** Lets the channels deliver what is due. */
  async deliver(): Promise<void> {
    await this.get(Dispatcher).runOnce();
    await this.get(Dispatcher).beforeApplicationShutdown();
  }
}

/** A rule's newest alerts first: rule, state and labels. */
export async function alertsOf(
  environment: TestEnvironment,
  rule: string,
): Promise<{ state: string; labels: Record<string, string>; severity: string; told: boolean }[]> {
  return environment.query(
    `SELECT state, labels, severity, told_at IS NOT NULL AS told FROM alert WHERE rule = $1
     ORDER BY pending_since DESC, labels::text`,
    [rule],
  );
}

/** What was written for a channel about a rule, in order. */
export async function messagesFor(
  environment: TestEnvironment,
  channel: string,
  rule: string,
): Promise<AlertMessage[]> {
  const rows = await environment.query<{ message: AlertMessage }>(
    `SELECT message FROM alert_notification WHERE channel = $1 AND message->>'rule' = $2 ORDER BY seq`,
    [channel, rule],
  );
  return rows.map(({ message }) => message);
}

/** Makes everything that has to do with alerts so much older. */
export async function age(environment: TestEnvironment, seconds: number): Promise<void> {
  await environment.query(
    `UPDATE alert SET pending_since = pending_since - make_interval(secs => $1),
       firing_since = firing_since - make_interval(secs => $1), resolved_at = resolved_at - make_interval(secs => $1),
       told_at = told_at - make_interval(secs => $1)`,
    [seconds],
  );
}
