import { promqlOf } from './promql.js';
import { type AlertRule, runbookName } from './rule.js';
import { summaryTemplate } from './wording.js';

/** One alerting rule of Prometheus. */
interface PrometheusRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What Gleaner cannot tell of itself: that it is not there, that it does not know, and that nobody would be told. */
const ONLY_FROM_OUTSIDE: readonly PrometheusRule[] = [
  {
    alert: 'GleanerDown',
    expr: 'up{job="gleaner"} == 0',
    for: '1m',
    labels: { severity: 'critical' },
    annotations: { summary: 'The process {{ $labels.instance }} does not answer.' },
  },
  {
    alert: 'MetricsStale',
    // By instance only: alerts lose their metric's name, and Prometheus refuses two with the same labels.
    expr: 'max by (instance) ({__name__=~"gleaner_.+_metrics_stale"}) == 1',
    for: '5m',
    labels: { severity: 'warning' },
    annotations: {
      summary:
        'The process {{ $labels.instance }} gets no answer from Redis or PostgreSQL; its gauges are old.',
    },
  },
  {
    alert: 'SourceStale',
    // 0 is no time, but that of a source which has had no success yet.
    expr: 'time() - (max by (source) (gleaner_source_last_success_timestamp_seconds) > 0) > 172800',
    labels: { severity: 'info' },
    annotations: {
      summary: 'The last successful run of {{ $labels.source }} was {{ $value | humanizeDuration }} ago.',
    },
  },
  {
    alert: 'AlertingStale',
    expr: 'time() - max (gleaner_alert_last_evaluation_timestamp_seconds) > 120',
    for: '1m',
    labels: { severity: 'warning' },
    annotations: {
      summary: 'Gleaner itself has not looked at its alert rules for {{ $value | humanizeDuration }}.',
    },
  },
  {
    alert: 'Watchdog',
    expr: 'vector(1)',
    labels: { severity: 'none' },
    annotations: {
      summary: 'Always fires: whoever expects it notices when Prometheus or Alertmanager is broken.',
    },
  },
];

/** Rules for Prometheus that ask what Gleaner's own ask; the content of a rule file. */
export function prometheusRules(rules: readonly AlertRule[], runbooks: string): object {
  const own = rules.map((rule): PrometheusRule => ({
    alert: rule.name,
    expr: promqlOf(rule),
    ...(rule.forSeconds > 0 && { for: `${rule.forSeconds}s` }),
    labels: { severity: rule.severity },
    annotations: { summary: summaryTemplate(rule) },
  }));
  return {
    groups: [
      { name: 'gleaner', rules: own.map((rule) => withRunbook(rule, runbooks)) },
      { name: 'gleaner-from-outside', rules: ONLY_FROM_OUTSIDE.map((rule) => withRunbook(rule, runbooks)) },
    ],
  };
}

function withRunbook(rule: PrometheusRule, runbooks: string): PrometheusRule {
  const runbook = `${runbooks}/${runbookName({ name: rule.alert })}.md`;
  return { ...rule, annotations: { ...rule.annotations, runbook_url: runbook } };
}
