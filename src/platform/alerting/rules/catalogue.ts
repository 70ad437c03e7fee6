import type { Increase } from './measure.js';
import type { AlertRule } from './rule.js';

const MINUTE = 60;

/** What holds for a rule that says nothing else. */
const USUAL = {
  by: [],
  above: true,
  unit: 'number',
  severity: 'warning',
  windowSeconds: 5 * MINUTE,
  forSeconds: 0,
  coolDownSeconds: 30 * MINUTE,
} as const satisfies Partial<AlertRule>;

const failed: Increase = { kind: 'increase', metric: 'gleaner_tasks_failed_total' };
const succeeded: Increase = { kind: 'increase', metric: 'gleaner_tasks_succeeded_total' };
const cacheReads: Increase = { kind: 'increase', metric: 'gleaner_cache_requests_total' };
/** Asked by machines every few seconds, and meant to answer 503 now and then. */
const FOR_MACHINES = ['/health', '/health/live', '/health/ready', '/health/startup', '/metrics'];
/** These take as long as their readers, a foreign site or a profile do. */
const UNTIMED = [
  '/api/v1/ops/events',
  '/api/v1/ops/profiles/cpu',
  '/api/v1/ops/profiles/heap',
  '/api/v1/ops/tasks/export',
  '/api/v1/sources/:slug/records/export',
  '/api/v1/sources/preview',
];
const requests: Increase = {
  kind: 'increase',
  metric: 'gleaner_http_request_duration_seconds_count',
  not: { route: FOR_MACHINES },
};

/** All rules there are, with the thresholds that hold unless ALERT_RULES_FILE says otherwise. */
export const RULES: readonly AlertRule[] = [
  {
    ...USUAL,
    name: 'TaskFailureRateHigh',
    isExplainedByErrors: true,
    summary: '{value} of the tasks {task} that ended failed for good.',
    measure: { kind: 'ratio', part: [failed], whole: [failed, succeeded], atLeast: 20 },
    by: ['task'],
    threshold: 0.05,
    unit: 'ratio',
    windowSeconds: 10 * MINUTE,
  },
  {
    ...USUAL,
    name: 'ErrorBurst',
    isExplainedByErrors: true,
    summary: '{value} errors were logged within five minutes.',
    measure: { kind: 'increase', metric: 'gleaner_logged_errors_total' },
    threshold: 10,
  },
  {
    ...USUAL,
    name: 'QueueBacklogHigh',
    severity: 'critical',
    summary: '{value} tasks wait in the queue {queue}.',
    measure: {
      kind: 'gauge',
      metric: 'gleaner_queue_tasks',
      where: { state: ['waiting'] },
      stale: 'gleaner_queue_metrics_stale',
    },
    by: ['queue'],
    threshold: 1000,
    forSeconds: MINUTE,
  },
  {
    ...USUAL,
    name: 'TasksPending',
    summary: '{value} tasks have been waiting in the queue {queue} for ten minutes.',
    measure: {
      kind: 'gauge',
      metric: 'gleaner_queue_tasks',
      where: { state: ['waiting'] },
      stale: 'gleaner_queue_metrics_stale',
    },
    by: ['queue'],
    threshold: 100,
    forSeconds: 10 * MINUTE,
  },
  {
    ...USUAL,
    name: 'QueueStuck',
    severity: 'critical',
    summary: 'A task has waited for {value} in the queue {queue}.',
    measure: {
      kind: 'gauge',
      metric: 'gleaner_queue_oldest_waiting_age_seconds',
      stale: 'gleaner_queue_metrics_stale',
    },
    by: ['queue'],
    threshold: 10 * MINUTE,
    unit: 'seconds',
    forSeconds: MINUTE,
  },
  {
    ...USUAL,
    name: 'DeadLettersPresent',
    summary:
      'Tasks of the queue {queue} that failed for good and were neither repeated nor forgotten: {value}.',
    measure: { kind: 'gauge', metric: 'gleaner_dead_letters', stale: 'gleaner_dead_letter_metrics_stale' },
    by: ['queue'],
    threshold: 0,
  },
  {
    ...USUAL,
    name: 'WorkersBelowExpected',
    severity: 'critical',
    summary: 'Workers that WORKERS_EXPECTED expects and that are not online: {value}.',
    measure: { kind: 'gauge', metric: 'gleaner_workers_missing', stale: 'gleaner_worker_metrics_stale' },
    threshold: 0,
    forSeconds: MINUTE,
  },
  {
    ...USUAL,
    name: 'WorkerLost',
    summary: 'Workers that went away without saying so: {value}.',
    measure: { kind: 'increase', metric: 'gleaner_workers_lost_total' },
    threshold: 0,
  },
  {
    ...USUAL,
    name: 'BeatStale',
    severity: 'critical',
    summary: 'No heartbeat came through scheduler, queue and worker for {value}.',
    measure: { kind: 'age', metric: 'gleaner_beat_last_timestamp_seconds' },
    threshold: 2 * MINUTE,
    unit: 'seconds',
    forSeconds: MINUTE,
  },
  {
    ...USUAL,
    name: 'TaskRetryRateHigh',
    summary: '{value} of the attempts of the task {task} are tried again.',
    measure: {
      kind: 'ratio',
      part: [{ kind: 'increase', metric: 'gleaner_tasks_retried_total' }],
      whole: [{ kind: 'increase', metric: 'gleaner_tasks_started_total' }],
      atLeast: 20,
    },
    by: ['task'],
    threshold: 0.1,
    unit: 'ratio',
    windowSeconds: 10 * MINUTE,
  },
  {
    ...USUAL,
    name: 'CacheHitRatioLow',
    severity: 'info',
    summary: 'Only {value} of the reads needed no fetch of their own.',
    measure: {
      kind: 'ratio',
      part: [{ ...cacheReads, not: { result: ['miss'] } }],
      whole: [cacheReads],
      atLeast: 500,
    },
    above: false,
    threshold: 0.8,
    unit: 'ratio',
    windowSeconds: 15 * MINUTE,
    forSeconds: 5 * MINUTE,
  },
  {
    ...USUAL,
    name: 'RequestLatencyHigh',
    summary: 'One request in twenty takes longer than {value}.',
    measure: {
      kind: 'quantile',
      metric: 'gleaner_http_request_duration_seconds',
      not: { route: [...FOR_MACHINES, ...UNTIMED] },
      quantile: 0.95,
      atLeast: 50,
    },
    threshold: 1,
    unit: 'seconds',
    forSeconds: 2 * MINUTE,
  },
  {
    ...USUAL,
    name: 'ServerErrorRateHigh',
    isExplainedByErrors: true,
    summary: '{value} of the requests were answered with 5xx.',
    measure: {
      kind: 'ratio',
      part: [{ ...requests, where: { status: ['5xx'] } }],
      whole: [requests],
      atLeast: 50,
    },
    threshold: 0.01,
    unit: 'ratio',
  },
  {
    ...USUAL,
    name: 'MemoryHigh',
    summary: 'The process {instance} uses {value} of the memory that it may.',
    measure: { kind: 'process', metric: 'gleaner_memory_used_ratio' },
    by: ['instance'],
    threshold: 0.8,
    unit: 'ratio',
    forSeconds: 5 * MINUTE,
  },
  {
    ...USUAL,
    name: 'EventLoopBlocked',
    summary: 'What is due in the process {instance} waits for {value}.',
    measure: { kind: 'process', metric: 'nodejs_eventloop_lag_p99_seconds' },
    by: ['instance'],
    threshold: 0.5,
    unit: 'seconds',
    forSeconds: 2 * MINUTE,
  },
  {
    ...USUAL,
    name: 'RunSuspicious',
    summary: 'The newest run of {source} brought far less than those before it.',
    measure: {
      kind: 'gauge',
      metric: 'gleaner_source_last_run_suspicious',
      stale: 'gleaner_source_metrics_stale',
    },
    by: ['source'],
    threshold: 0,
    coolDownSeconds: 60 * MINUTE,
  },
  {
    ...USUAL,
    name: 'HostsUnreachable',
    severity: 'info',
    summary: 'Hosts that have been failing for a quarter of an hour: {value}.',
    measure: {
      kind: 'gauge',
      metric: 'gleaner_politeness_breakers_open',
      stale: 'gleaner_politeness_metrics_stale',
    },
    threshold: 0,
    forSeconds: 15 * MINUTE,
  },
  {
    ...USUAL,
    name: 'RedisUnavailable',
    severity: 'critical',
    summary: 'Redis does not answer: no task is begun, and reads are not shared.',
    measure: { kind: 'gauge', metric: 'gleaner_redis_metrics_stale' },
    threshold: 0,
    forSeconds: MINUTE,
  },
  {
    ...USUAL,
    name: 'HistoryLosing',
    summary: '{value} changes of tasks or lines of their logs are missing in the history.',
    measure: { kind: 'increase', metric: 'gleaner_task_history_dropped_total' },
    threshold: 0,
    windowSeconds: 10 * MINUTE,
  },
  {
    ...USUAL,
    name: 'NotificationsFailing',
    summary: 'Messages about alerts that could not be delivered by {channel}: {value}.',
    measure: {
      kind: 'increase',
      metric: 'gleaner_alert_notifications_total',
      where: { result: ['failed'] },
    },
    by: ['channel'],
    threshold: 0,
    windowSeconds: 15 * MINUTE,
  },
];
