import type { DashboardSpec } from './dashboard.ts';
import {
  age,
  inRange,
  max,
  of,
  ofInstallation,
  orZero,
  perSecond,
  quantile,
  quantiles,
  sum,
} from './promql.ts';

const HTTP = 'gleaner_http_request_duration_seconds';
const FIRING = 'ALERTS{alertstate="firing", alertname!="Watchdog"}';
const SUCCEEDED = 'gleaner_tasks_succeeded_total';
const FAILED = 'gleaner_tasks_failed_total';
const READS = 'gleaner_cache_requests_total';

export const overview: DashboardSpec = {
  name: 'overview',
  title: 'Overview',
  description: 'Whether all is well, and where to look if not.',
  rows: {
    'Is all well?': [
      {
        kind: 'stat',
        title: 'Alerts firing',
        description: 'Alerts of Prometheus that fire, but for the Watchdog, which always does.',
        unit: 'short',
        queries: { firing: orZero(sum(FIRING)) },
        thresholds: { critical: 1 },
      },
      {
        kind: 'stat',
        title: 'Processes down',
        description: 'Processes of this job that do not answer Prometheus.',
        unit: 'short',
        queries: { down: orZero('count(up{job=~"$job"} == 0)') },
        thresholds: { critical: 1 },
        alerts: ['GleanerDown'],
      },
      {
        kind: 'stat',
        title: 'Workers online',
        description: 'Workers that were heard of within the last seconds.',
        unit: 'short',
        queries: { online: ofInstallation('gleaner_workers', [], 'state="online"') },
        thresholds: { critical: 1, below: true },
        alerts: ['WorkersBelowExpected', 'WorkerLost'],
      },
      {
        kind: 'stat',
        title: 'Heartbeat age',
        description:
          'Seconds since the newest heartbeat that has gone from a scheduler through a queue to a worker. One comes every 30 seconds.',
        unit: 's',
        queries: { age: age('gleaner_beat_last_timestamp_seconds') },
        thresholds: { warning: 60, critical: 120 },
        alerts: ['BeatStale'],
      },
      {
        kind: 'stat',
        title: 'Tasks waiting',
        description: 'Tasks on all queues that no worker has taken yet.',
        unit: 'short',
        queries: { waiting: sum(ofInstallation('gleaner_queue_tasks', ['queue'], 'state="waiting"')) },
        thresholds: { warning: 100, critical: 1000 },
        alerts: ['TasksPending', 'QueueBacklogHigh'],
      },
      {
        kind: 'stat',
        title: 'Oldest task waiting',
        description: 'How long the task has waited that has waited longest.',
        unit: 's',
        queries: { age: ofInstallation('gleaner_queue_oldest_waiting_age_seconds') },
        thresholds: { warning: 60, critical: 600 },
        alerts: ['QueueStuck'],
      },
      {
        kind: 'stat',
        title: 'Dead letters',
        description: 'Tasks that failed for good and that nobody has repeated or discarded.',
        unit: 'short',
        queries: { 'dead letters': sum(ofInstallation('gleaner_dead_letters', ['queue'])) },
        thresholds: { warning: 1 },
        alerts: ['DeadLettersPresent'],
      },
      {
        kind: 'stat',
        title: 'Success rate of tasks',
        description: 'Of the tasks that ended in the time shown, the part that succeeded.',
        unit: 'percentunit',
        queries: {
          succeeded: `${inRange(SUCCEEDED)} / (${inRange(SUCCEEDED)} + ${inRange(FAILED)})`,
        },
        thresholds: { warning: 0.99, critical: 0.95, below: true },
        alerts: ['TaskFailureRateHigh'],
      },
      {
        kind: 'stat',
        title: 'Requests that failed',
        description: 'Part of the requests of the last minutes that were answered 5xx.',
        unit: 'percentunit',
        queries: {
          '5xx': `(${orZero(perSecond(`${HTTP}_count`, [], 'status="5xx"'))}) / ${perSecond(`${HTTP}_count`)}`,
        },
        thresholds: { warning: 0.005, critical: 0.01 },
        alerts: ['ServerErrorRateHigh'],
      },
      {
        kind: 'stat',
        title: 'p95 of requests',
        description: 'Seconds in which 95 of 100 requests of the last minutes were answered.',
        unit: 's',
        queries: { p95: quantile(0.95, HTTP) },
        thresholds: { warning: 0.5, critical: 1 },
        alerts: ['RequestLatencyHigh'],
      },
      {
        kind: 'stat',
        title: 'Cache hit ratio',
        description: 'Part of the reads in the time shown that needed no fetch of their own.',
        unit: 'percentunit',
        queries: {
          hits: `1 - ${inRange(READS, [], 'result="miss"')} / ${inRange(READS)}`,
        },
        thresholds: { warning: 0.9, critical: 0.8, below: true },
        alerts: ['CacheHitRatioLow'],
      },
      {
        kind: 'stat',
        title: 'Memory',
        description: 'The most that a process uses of the memory that it may have.',
        unit: 'percentunit',
        queries: { used: max(of('gleaner_memory_used_ratio')) },
        thresholds: { warning: 0.7, critical: 0.8 },
        alerts: ['MemoryHigh'],
      },
    ],
    'What happens': [
      {
        kind: 'table',
        title: 'Alerts',
        description: 'Alerts that fire now. Each has a page in docs/runbooks.',
        unit: 'none',
        queries: { firing: `sum by (alertname, severity, instance, queue, task, source) (${FIRING})` },
        mayBeEmpty: 'no alert fires',
      },
      {
        kind: 'series',
        title: 'Tasks',
        description: 'Tasks sent, succeeded, retried and failed a second.',
        unit: 'cps',
        queries: {
          sent: perSecond('gleaner_tasks_sent_total'),
          succeeded: perSecond(SUCCEEDED),
          retried: perSecond('gleaner_tasks_retried_total'),
          failed: perSecond(FAILED),
        },
        alerts: ['TaskFailureRateHigh', 'TaskRetryRateHigh', 'ErrorBurst'],
      },
      {
        kind: 'series',
        title: 'Pages',
        description: 'Pages that came and pages given up, a second.',
        unit: 'cps',
        queries: {
          came: perSecond('gleaner_scrape_pages_total'),
          'given up': perSecond('gleaner_scrape_pages_failed_total'),
        },
      },
      {
        kind: 'series',
        title: 'Requests',
        description: 'Requests of the API a second, by class of their status.',
        unit: 'reqps',
        queries: { '{{status}}': perSecond(`${HTTP}_count`, ['status']) },
      },
      {
        kind: 'series',
        title: 'Time of requests',
        description: 'Seconds from a request to the end of its answer.',
        unit: 's',
        queries: quantiles(HTTP),
        alerts: ['RequestLatencyHigh'],
      },
      {
        kind: 'series',
        title: 'Queues',
        description: 'Tasks waiting on each queue.',
        unit: 'short',
        queries: { '{{queue}}': ofInstallation('gleaner_queue_tasks', ['queue'], 'state="waiting"') },
        alerts: ['QueueBacklogHigh'],
      },
    ],
  },
};
