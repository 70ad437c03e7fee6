import type { DashboardSpec } from './dashboard.ts';
import { age, max, of, ofInstallation, perSecond, quantile } from './promql.ts';
import { EACH, EACH_PROCESS, postgresql, redis } from './stores.ts';

export const infrastructure: DashboardSpec = {
  name: 'infrastructure',
  title: 'Infrastructure',
  description: 'The processes, their event loops and memory, PostgreSQL and Redis as they see them.',
  rows: {
    Processes: [
      {
        kind: 'series',
        title: 'Up',
        description: 'Whether each process answers Prometheus.',
        unit: 'bool_on_off',
        queries: { [EACH_PROCESS]: max(of('up'), EACH) },
        thresholds: { critical: 1, below: true },
        alerts: ['GleanerDown'],
      },
      {
        kind: 'table',
        title: 'Releases',
        description: 'What each process is, and when it was started.',
        unit: 'dateTimeFromNow',
        queries: {
          started: `1000 * max by (instance, mode, version, node) (${of('process_start_time_seconds')} * on (job, instance) group_left (mode, version, node) ${of('gleaner_build_info')})`,
        },
      },
      {
        kind: 'series',
        title: 'CPU',
        description:
          'Cores that each process uses. The code runs on one; logging and compression are beside it.',
        unit: 'short',
        queries: { [EACH_PROCESS]: perSecond('process_cpu_seconds_total', EACH) },
        thresholds: { warning: 0.9 },
        alerts: ['EventLoopBlocked'],
      },
      {
        kind: 'series',
        title: 'Lag of the event loop',
        description:
          'Seconds that what was due had to wait, p99 and the worst of each process since it was last asked.',
        unit: 's',
        queries: {
          'p99 {{instance}}': max(of('nodejs_eventloop_lag_p99_seconds'), EACH),
          'worst {{instance}}': max(of('nodejs_eventloop_lag_max_seconds'), EACH),
        },
        thresholds: { warning: 0.1, critical: 0.5 },
        alerts: ['EventLoopBlocked'],
      },
      {
        kind: 'series',
        title: 'Memory used',
        description: 'Part of the memory that each process may have.',
        unit: 'percentunit',
        queries: { [EACH_PROCESS]: max(of('gleaner_memory_used_ratio'), EACH) },
        thresholds: { warning: 0.7, critical: 0.8 },
        alerts: ['MemoryHigh'],
      },
      {
        kind: 'series',
        title: 'Memory',
        description:
          'Bytes that each process takes from the system, and of them those of its heap and of buffers.',
        unit: 'bytes',
        queries: {
          'all {{instance}}': max(of('process_resident_memory_bytes'), EACH),
          'heap {{instance}}': max(of('nodejs_heap_size_used_bytes'), EACH),
          'buffers {{instance}}': max(of('nodejs_external_memory_bytes'), EACH),
        },
        alerts: ['MemoryHigh'],
      },
      {
        kind: 'series',
        title: 'Garbage collection',
        description: 'Part of the time that each process spends collecting garbage, by kind.',
        unit: 'percentunit',
        queries: {
          '{{instance}} {{kind}}': perSecond('nodejs_gc_duration_seconds_sum', ['instance', 'kind']),
        },
        thresholds: { warning: 0.1 },
        alerts: ['MemoryHigh', 'EventLoopBlocked'],
      },
      {
        kind: 'series',
        title: 'Open files',
        description: 'File descriptors that each process holds, as part of those that it may.',
        unit: 'percentunit',
        queries: {
          [EACH_PROCESS]: `${max(of('process_open_fds'), EACH)} / ${max(of('process_max_fds'), EACH)}`,
        },
        thresholds: { critical: 0.8 },
      },
      {
        kind: 'series',
        title: 'Methods',
        description: 'The p95 of the seconds that a call of each method marked with @Timed takes.',
        unit: 's',
        queries: { '{{method}}': quantile(0.95, 'gleaner_method_duration_seconds', ['method']) },
      },
      {
        kind: 'series',
        title: 'Lines not in log files',
        description:
          'Lines a second that are not in a log file, because it could not be written. The disk may be full.',
        unit: 'cps',
        queries: { '{{file}}': perSecond('gleaner_log_write_failures_total', ['file']) },
      },
      {
        kind: 'series',
        title: 'Restarts',
        description: 'Times that a process of this address was started anew, in each hour.',
        unit: 'short',
        queries: { [EACH_PROCESS]: `max by (instance) (changes(${of('process_start_time_seconds')}[1h]))` },
        thresholds: { warning: 1 },
        alerts: ['GleanerDown', 'WorkerLost'],
      },
    ],
    PostgreSQL: postgresql,
    Redis: redis,
    Alerts: [
      {
        kind: 'series',
        title: 'Alerts of Gleaner',
        description: 'Alerts of its own that are pending or firing. Those of Prometheus are in Overview.',
        unit: 'short',
        queries: { '{{state}}': ofInstallation('gleaner_alerts', ['state']) },
      },
      {
        kind: 'series',
        title: 'Age of the last evaluation',
        description: 'Seconds since one of the processes has looked at the alert rules.',
        unit: 's',
        queries: { age: age('gleaner_alert_last_evaluation_timestamp_seconds') },
        thresholds: { warning: 60, critical: 120 },
        alerts: ['AlertingStale'],
      },
      {
        kind: 'series',
        title: 'Evaluations',
        description: 'Evaluations of alert rules a second, by whether what they look at was known.',
        unit: 'cps',
        queries: { '{{result}}': perSecond('gleaner_alert_evaluations_total', ['result']) },
        alerts: ['AlertingStale'],
      },
      {
        kind: 'series',
        title: 'Messages',
        description: 'Attempts a second to deliver messages about alerts, by channel and what came of them.',
        unit: 'cps',
        queries: {
          '{{channel}} {{result}}': perSecond('gleaner_alert_notifications_total', ['channel', 'result']),
        },
        alerts: ['NotificationsFailing'],
      },
    ],
  },
};
