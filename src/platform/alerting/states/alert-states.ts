import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { Transactions } from '../../../core/database/index.js';
import { type AlertingConfig, alertingConfig } from '../alerting.config.js';
import { Announcer } from '../notifying/announcer.js';
import { type Outgoing, putMessages } from '../notifying/outbox.js';
import type { Series } from '../rules/measure.js';
import type { AlertRule } from '../rules/rule.js';
import { Rules } from '../rules/rules.js';
import { summaryOf } from '../rules/wording.js';
import { readSilences, type Silencing } from '../silences/silencing.js';
import { advance, labelsKey, type NewAlert } from './advance.js';
import type { AlertRow } from './alert.entity.js';
import { forgetAlerts, readLastTold, readOpen, writeAlerts } from './alert-writer.js';
import { EvaluatorLease } from './evaluator-lease.js';
import { isToBeTold } from './telling.js';

/** What was found of each rule; `undefined` when it is not known. */
export type Found = ReadonlyMap<AlertRule, readonly Series[] | undefined>;

/** Keeps what becomes of alerts, and who is to be told, in one transaction. */
@Injectable()
export class AlertStates {
  constructor(
    private readonly rules: Rules,
    private readonly lease: EvaluatorLease,
    private readonly transactions: Transactions,
    private readonly announcer: Announcer,
    @Inject(alertingConfig.token) private readonly config: AlertingConfig,
  ) {}

  /** @returns false when another scheduler has taken over meanwhile, and nothing was written. */
  async advance(found: Found): Promise<boolean> {
    return this.transactions.run(async (manager) => this.write(manager, found));
  }

  private async write(manager: EntityManager, found: Found): Promise<boolean> {
    const now = await this.lease.confirm(manager);
    if (!now) return false;
    const open = Map.groupBy(await readOpen(manager), ({ rule }) => rule);
    const silences = await readSilences(manager);
    const outgoing: Outgoing[] = [];
    for (const [rule, series] of found) {
      const alerts = open.get(rule.name) ?? [];
      open.delete(rule.name);
      if (series) outgoing.push(...(await this.writeRule(manager, rule, series, alerts, silences, now)));
    }
    for (const [name, alerts] of open) outgoing.push(...(await this.end(manager, name, alerts, now)));
    await putMessages(manager, outgoing);
    return true;
  }

  private async writeRule(
    manager: EntityManager,
    rule: AlertRule,
    series: readonly Series[],
    open: readonly AlertRow[],
    silences: readonly Silencing[],
    now: Date,
  ): Promise<Outgoing[]> {
    const { begun, goOn, resolved, forgotten } = advance(rule, series, open, now);
    const current = [
      ...begun.map((alert) => this.newAlert(rule, alert, now)),
      ...goOn.map(({ alert, value, fires }) => this.renewed(rule, alert, value, fires, now)),
    ];
    const firing = current.filter(isFiring);
    const lastTold = firing.some(({ toldAt }) => toldAt === null)
      ? await readLastTold(manager, rule.name)
      : [];
    const toldBefore = new Map(lastTold.map(({ labels, toldAt }) => [labelsKey(labels), toldAt]));
    const told = firing.filter((alert) =>
      isToBeTold(alert, {
        rule,
        silences,
        toldBefore: toldBefore.get(labelsKey(alert.labels)) ?? null,
        repeatMs: this.config.repeatMs,
        now,
      }),
    );
    const [first, again] = [told.filter(({ toldAt }) => !toldAt), told.filter(({ toldAt }) => toldAt)];
    for (const alert of told) alert.toldAt = now;
    await forgetAlerts(manager, forgotten);
    await writeAlerts(manager, [...current, ...resolved.map((alert) => over(alert, now))]);
    // Of what nobody was told, nobody needs to hear that it is over.
    const ended = resolved.filter(({ toldAt }) => toldAt !== null);
    return [
      ...(await this.announcer.announce(rule, 'firing', first, now)),
      ...(await this.announcer.announce(rule, 'still_firing', again, now)),
      ...(await this.announcer.announce(
        rule,
        'resolved',
        ended.map((alert) => over(alert, now)),
        now,
      )),
    ];
  }

  /** Alerts of a rule that there is not any more. */
  private async end(
    manager: EntityManager,
    rule: string,
    alerts: readonly AlertRow[],
    now: Date,
  ): Promise<Outgoing[]> {
    const [firing, pending] = [alerts.filter(isFiring), alerts.filter((alert) => !isFiring(alert))];
    const ended = firing.map((alert) => over(alert, now));
    await forgetAlerts(manager, pending);
    await writeAlerts(manager, ended);
    const told = ended.filter(({ toldAt }) => toldAt !== null);
    return this.announcer.announce({ name: rule, windowSeconds: 0 }, 'resolved', told, now);
  }

  private newAlert(rule: AlertRule, { labels, value, state }: NewAlert, now: Date): AlertRow {
    return {
      id: randomUUID(),
      rule: rule.name,
      labels: { ...labels },
      severity: this.rules.severityOf(rule, labels),
      state,
      value,
      threshold: rule.threshold,
      summary: summaryOf(rule, labels, value),
      pendingSince: now,
      firingSince: state === 'firing' ? now : null,
      resolvedAt: null,
      toldAt: null,
    };
  }

  private renewed(rule: AlertRule, alert: AlertRow, value: number, fires: boolean, now: Date): AlertRow {
    return {
      ...alert,
      value,
      threshold: rule.threshold,
      summary: summaryOf(rule, alert.labels, value),
      state: fires ? 'firing' : 'pending',
      firingSince: fires ? (alert.firingSince ?? now) : null,
    };
  }
}

const isFiring = ({ state }: AlertRow): boolean => state === 'firing';

const over = (alert: AlertRow, now: Date): AlertRow => ({ ...alert, state: 'resolved', resolvedAt: now });
