import type { DashboardSpec } from './dashboard.ts';
import { age, max, of, ofInstallation, perSecond, quantiles, sum } from './promql.ts';

const QUEUE = 'queue=~"$queue"';

export const queuesAndWorkers: DashboardSpec = {
  name: 'queues-and-workers',
  title: 'Queues and workers',
  description: 'What waits, who works on it, and whether schedules are kept.',
  variables: [{ label: 'queue', metric: 'gleaner_queue_tasks' }],
  rows: {
    Queues: [
      {
        kind: 'series',
        title: 'Waiting',
        description: 'Tasks that no worker has taken yet, paused queues included.',
        unit: 'short',
        queries: {
          '{{queue}} {{state}}': ofInstallation(
            'gleaner_queue_tasks',
            ['queue', 'state'],
            QUEUE,
            'state=~"waiting|paused"',
          ),
        },
        thresholds: { warning: 100, critical: 1000 },
        alerts: ['QueueBacklogHigh', 'TasksPending'],
      },
      {
        kind: 'series',
        title: 'Oldest waiting',
        description: 'Seconds since the task was enqueued that has waited longest.',
        unit: 's',
        queries: {
          '{{queue}}': ofInstallation('gleaner_queue_oldest_waiting_age_seconds', ['queue'], QUEUE),
        },
        thresholds: { warning: 60, critical: 600 },
        alerts: ['QueueStuck'],
      },
      {
        kind: 'series',
        title: 'Active, delayed, failed',
        description: 'Tasks that are run, that wait for their time, and that failed and are not swept yet.',
        unit: 'short',
        queries: {
          '{{queue}} {{state}}': ofInstallation(
            'gleaner_queue_tasks',
            ['queue', 'state'],
            QUEUE,
            'state=~"active|delayed|failed"',
          ),
        },
      },
      {
        kind: 'series',
        title: 'In and out',
        description: 'Tasks a second that were put on each queue, and attempts begun on it.',
        unit: 'cps',
        queries: {
          'sent {{queue}}': perSecond('gleaner_tasks_sent_total', ['queue'], QUEUE),
          'started {{queue}}': perSecond('gleaner_tasks_started_total', ['queue'], QUEUE),
        },
      },
      {
        kind: 'series',
        title: 'Dead letters',
        description: 'Tasks that failed for good and that nobody has repeated or discarded.',
        unit: 'short',
        queries: { '{{queue}}': ofInstallation('gleaner_dead_letters', ['queue'], QUEUE) },
        thresholds: { warning: 1 },
        alerts: ['DeadLettersPresent'],
      },
      {
        kind: 'series',
        title: 'New dead letters',
        description: 'Tasks a second that were taken from their queue because they failed for good.',
        unit: 'cps',
        queries: { '{{queue}}': perSecond('gleaner_dead_letters_total', ['queue'], QUEUE) },
        alerts: ['DeadLettersPresent'],
      },
      {
        kind: 'series',
        title: 'Consumers',
        description: 'Workers that are online and take tasks of the queue.',
        unit: 'short',
        queries: { '{{queue}}': ofInstallation('gleaner_queue_consumers', ['queue'], QUEUE) },
        thresholds: { critical: 1, below: true },
        alerts: ['WorkersBelowExpected', 'QueueStuck'],
      },
      {
        kind: 'series',
        title: 'Changes told',
        description:
          'Changes of tasks and workers a second that followers can hear of, and those that were lost.',
        unit: 'cps',
        queries: {
          told: perSecond('gleaner_changes_total'),
          lost: perSecond('gleaner_changes_lost_total'),
        },
      },
    ],
    Workers: [
      {
        kind: 'series',
        title: 'Workers',
        description:
          'Workers that the registry remembers: online, stopped because they were told to, or offline because they went away without a word.',
        unit: 'short',
        queries: { '{{state}}': ofInstallation('gleaner_workers', ['state']) },
        alerts: ['WorkersBelowExpected', 'WorkerLost'],
      },
      {
        kind: 'series',
        title: 'Workers missing and lost',
        description:
          'Workers that WORKERS_EXPECTED expects and that are not online, and those that went away without a word in each five minutes.',
        unit: 'short',
        queries: {
          missing: ofInstallation('gleaner_workers_missing'),
          lost: sum(`increase(${of('gleaner_workers_lost_total')}[5m])`),
        },
        thresholds: { critical: 1 },
        alerts: ['WorkersBelowExpected', 'WorkerLost'],
      },
      {
        kind: 'series',
        title: 'Tasks of workers',
        description: 'Tasks that each worker runs (active), or holds without having begun them (reserved).',
        unit: 'short',
        queries: { '{{instance}} {{state}}': sum(of('gleaner_worker_tasks'), ['instance', 'state']) },
      },
      {
        kind: 'series',
        title: 'Concurrency',
        description: 'Tasks that each worker runs at once, over all queues.',
        unit: 'short',
        queries: { '{{instance}}': sum(of('gleaner_worker_concurrency'), ['instance']) },
      },
      {
        kind: 'series',
        title: 'Used',
        description:
          'Tasks that run, as part of those that each worker may run. At 1 for long, there are too few.',
        unit: 'percentunit',
        queries: {
          '{{instance}}': `${sum(of('gleaner_worker_tasks', 'state="active"'), ['instance'])} / ${sum(of('gleaner_worker_concurrency'), ['instance'])}`,
        },
        thresholds: { warning: 0.9 },
        alerts: ['TasksPending'],
      },
      {
        kind: 'series',
        title: 'Heartbeats of workers lost',
        description:
          'Heartbeats a second that Redis did not take. A worker without any is thought to be gone.',
        unit: 'cps',
        queries: { '{{instance}}': perSecond('gleaner_worker_heartbeat_errors_total', ['instance']) },
        alerts: ['WorkerLost'],
      },
      {
        kind: 'series',
        title: 'What is not known just now',
        description: '1 while a process cannot read what it tells of the whole installation.',
        unit: 'bool_on_off',
        queries: {
          'queues, {{instance}}': max(of('gleaner_queue_metrics_stale'), ['instance']),
          'workers, {{instance}}': max(of('gleaner_worker_metrics_stale'), ['instance']),
          'heartbeats, {{instance}}': max(of('gleaner_beat_metrics_stale'), ['instance']),
          'sources, {{instance}}': max(of('gleaner_source_metrics_stale'), ['instance']),
          'dead letters, {{instance}}': max(of('gleaner_dead_letter_metrics_stale'), ['instance']),
          'circuits, {{instance}}': max(of('gleaner_politeness_metrics_stale'), ['instance']),
          'alerts, {{instance}}': max(of('gleaner_alert_metrics_stale'), ['instance']),
        },
        thresholds: { critical: 1 },
        alerts: ['MetricsStale'],
      },
    ],
    Schedules: [
      {
        kind: 'series',
        title: 'Heartbeat age',
        description:
          'Seconds since the newest heartbeat that a worker has written was sent. One comes every 30.',
        unit: 's',
        queries: { age: age('gleaner_beat_last_timestamp_seconds') },
        thresholds: { warning: 60, critical: 120 },
        alerts: ['BeatStale'],
      },
      {
        kind: 'series',
        title: 'Time of a heartbeat',
        description: 'Seconds from sending a heartbeat until a worker has it.',
        unit: 's',
        queries: quantiles('gleaner_beat_latency_seconds'),
        alerts: ['BeatStale', 'QueueStuck'],
      },
      {
        kind: 'series',
        title: 'Lag of schedules',
        description: 'Seconds from the moment in which a slot was due until it was claimed.',
        unit: 's',
        queries: quantiles('gleaner_schedule_lag_seconds'),
        mayBeEmpty: 'no schedule was due in these minutes',
        alerts: ['BeatStale'],
      },
      {
        kind: 'series',
        title: 'Slots of schedules',
        description: 'Slots a second, by what became of them.',
        unit: 'cps',
        queries: { '{{outcome}}': perSecond('gleaner_schedule_fired_total', ['outcome']) },
      },
      {
        kind: 'series',
        title: 'Errors of schedules',
        description: 'Slots a second whose target threw, and work after the commit that failed.',
        unit: 'cps',
        queries: { '{{step}}': perSecond('gleaner_schedule_errors_total', ['step']) },
        alerts: ['ErrorBurst'],
      },
    ],
  },
};
