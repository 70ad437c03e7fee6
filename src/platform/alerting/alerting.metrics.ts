import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { GaugeReading } from '../../core/metrics/index.js';
import { ALERT_CHANNELS, type AlertChannel } from './notifying/channels/channel.js';

const LOGGED_ERRORS = 'gleaner_logged_errors_total';
const EVALUATIONS = 'gleaner_alert_evaluations_total';
const NOTIFICATIONS = 'gleaner_alert_notifications_total';
const OPEN = 'gleaner_alerts';
const EVALUATED = 'gleaner_alert_last_evaluation_timestamp_seconds';
const STALE = 'gleaner_alert_metrics_stale';

/** `unknown`: what a rule looks at did not answer. */
const EVALUATION_RESULTS = ['ok', 'unknown'] as const;
/** `retried`: not delivered, and tried again; `failed`: given up. */
const NOTIFICATION_RESULTS = ['sent', 'retried', 'failed'] as const;

/** Labels: `result` as above, `channel` those that are configured, `state` pending or firing. */
export const alertingMetricProviders = [
  makeCounterProvider({
    name: LOGGED_ERRORS,
    help: 'Lines of level error or fatal that this process has logged',
  }),
  makeCounterProvider({
    name: EVALUATIONS,
    help: 'Evaluations of alert rules, one rule at a time, by whether what they look at was known',
    labelNames: ['result'],
  }),
  makeCounterProvider({
    name: NOTIFICATIONS,
    help: 'Attempts to deliver messages about alerts, by channel and what came of it',
    labelNames: ['channel', 'result'],
  }),
  makeGaugeProvider({
    name: OPEN,
    help: 'Alerts that are pending or firing; every process tells the same, so take the max',
    labelNames: ['state'],
  }),
  makeGaugeProvider({
    name: EVALUATED,
    help: 'When alert rules were last evaluated, in seconds since 1970, 0 when they never were; every process tells the same, so take the max',
  }),
  makeGaugeProvider({
    name: STALE,
    help: '1 while PostgreSQL does not answer, so that metrics of alerts are what they last were',
  }),
];

/** What alerting does in this process. */
@Injectable()
export class AlertingMetrics {
  constructor(
    @InjectMetric(LOGGED_ERRORS) readonly loggedErrors: Counter,
    @InjectMetric(EVALUATIONS) readonly evaluations: Counter,
    @InjectMetric(NOTIFICATIONS) readonly notifications: Counter,
    @Inject(ALERT_CHANNELS) channels: readonly AlertChannel[],
  ) {
    for (const result of EVALUATION_RESULTS) evaluations.inc({ result }, 0);
    for (const { name: channel } of channels)
      for (const result of NOTIFICATION_RESULTS) notifications.inc({ channel, result }, 0);
  }
}

/** The alerts of the installation. */
@Injectable()
export class AlertGauges {
  constructor(
    dataSource: DataSource,
    @InjectMetric(OPEN) open: Gauge,
    @InjectMetric(EVALUATED) evaluated: Gauge,
    @InjectMetric(STALE) stale: Gauge,
  ) {
    GaugeReading.attach({
      read: async () => dataSource.query<[Read]>(READ),
      tell: ([{ pending, firing, seconds }]) => {
        open.set({ state: 'pending' }, pending);
        open.set({ state: 'firing' }, firing);
        evaluated.set(seconds);
      },
      gauges: [open, evaluated],
      stale,
    });
  }
}

interface Read {
  pending: number;
  firing: number;
  seconds: number;
}

const READ = `
SELECT count(*) FILTER (WHERE state = 'pending')::int AS pending, count(*) FILTER (WHERE state = 'firing')::int AS firing,
  coalesce((SELECT extract(epoch FROM evaluated_at)::float8 FROM alert_evaluator), 0) AS seconds
FROM alert WHERE state <> 'resolved'`;
