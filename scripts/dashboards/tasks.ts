import type { DashboardSpec } from './dashboard.ts';
import { inRange, meanInRange, of, ofInstallation, perSecond, quantiles, sum, topk } from './promql.ts';
import { taskHistory } from './task-history.ts';
import { CHOSEN, counts, OUTCOMES, outcomes, REJECTED, RUNTIME, successRate, WAIT } from './task-queries.ts';
import { tasksByName } from './tasks-by-name.ts';

export const tasks: DashboardSpec = {
  name: 'tasks',
  title: 'Tasks',
  description: 'How many tasks there are, how long they take, and how they end; all of them and by name.',
  variables: [
    { label: 'queue', metric: 'gleaner_tasks_sent_total' },
    { label: 'task', metric: 'gleaner_tasks_sent_total' },
  ],
  rows: {
    Summary: [
      {
        kind: 'stat',
        title: 'Workers',
        description: 'Workers that are online.',
        unit: 'short',
        queries: { online: ofInstallation('gleaner_workers', [], 'state="online"') },
        thresholds: { critical: 1, below: true },
        alerts: ['WorkersBelowExpected', 'WorkerLost'],
      },
      {
        kind: 'stat',
        title: 'Tasks active',
        description: 'Tasks that the chosen workers run just now.',
        unit: 'short',
        queries: { active: sum(of('gleaner_worker_tasks', 'state="active"')) },
      },
      {
        kind: 'stat',
        title: 'Tasks started',
        description: 'Attempts that workers have begun in the time shown. (Celery: received.)',
        unit: 'short',
        queries: { started: inRange(OUTCOMES.started, [], ...CHOSEN) },
      },
      {
        kind: 'stat',
        title: 'Success rate',
        description: 'Of the tasks that ended in the time shown, the part that succeeded.',
        unit: 'percentunit',
        queries: { succeeded: successRate() },
        thresholds: { warning: 0.99, critical: 0.95, below: true },
        alerts: ['TaskFailureRateHigh'],
      },
      {
        kind: 'stat',
        title: 'Average runtime',
        description: 'Seconds that an attempt took on average in the time shown.',
        unit: 's',
        queries: { mean: meanInRange(RUNTIME, [], ...CHOSEN) },
      },
      {
        kind: 'stat',
        title: 'Average wait',
        description: 'Seconds from enqueueing to the first attempt, on average in the time shown.',
        unit: 's',
        queries: { mean: meanInRange(WAIT, [], ...CHOSEN) },
      },
      {
        kind: 'table',
        title: 'Most failures',
        description: 'The tasks that failed for good most often in the time shown.',
        unit: 'short',
        queries: { failed: topk(10, inRange(OUTCOMES.failed, ['task', 'queue'], ...CHOSEN)) },
        alerts: ['TaskFailureRateHigh', 'DeadLettersPresent'],
        width: 8,
      },
      {
        kind: 'table',
        title: 'Most frequent errors',
        description:
          'The errors that ended most tasks in the time shown, by their code or class. The first of each kind is not counted: its series begins with it.',
        unit: 'short',
        queries: { failed: topk(10, inRange('gleaner_task_failures_total', ['error'], ...CHOSEN)) },
        alerts: ['ErrorBurst'],
        width: 8,
      },
      {
        kind: 'table',
        title: 'Longest average runtime',
        description: 'The tasks whose attempts took longest on average in the time shown.',
        unit: 's',
        queries: { runtime: topk(10, meanInRange(RUNTIME, ['task', 'queue'], ...CHOSEN)) },
        width: 8,
      },
    ],
    'All tasks': [
      {
        kind: 'series',
        title: 'Queue length',
        description: 'Tasks waiting on the chosen queues.',
        unit: 'short',
        queries: {
          '{{queue}}': ofInstallation(
            'gleaner_queue_tasks',
            ['queue'],
            'queue=~"$queue"',
            'state=~"waiting|paused"',
          ),
        },
        alerts: ['QueueBacklogHigh', 'TasksPending'],
        width: 24,
      },
      {
        kind: 'table',
        title: 'Counts',
        description: 'What became of tasks in the time shown.',
        unit: 'short',
        columnUnits: { 'success rate': 'percentunit' },
        queries: { 'success rate': successRate(), ...counts() },
      },
      {
        kind: 'series',
        title: 'Rejected',
        description:
          'Tasks a second that no handler has seen, because nobody knows their name or version, or their payload is not what it should be.',
        unit: 'cps',
        queries: {
          '{{error}}': perSecond('gleaner_task_failures_total', ['error'], ...CHOSEN, REJECTED),
        },
        mayBeEmpty: 'there is a series from the first one on',
      },
      {
        kind: 'series',
        title: 'What becomes of tasks',
        description: 'Tasks a second, by what became of them.',
        unit: 'cps',
        queries: outcomes(perSecond),
      },
      {
        kind: 'series',
        title: 'Failures',
        description: 'Tasks a second that failed for good, by the code or class of their error.',
        unit: 'cps',
        queries: { '{{error}}': perSecond('gleaner_task_failures_total', ['error'], ...CHOSEN) },
        alerts: ['ErrorBurst', 'TaskFailureRateHigh'],
      },
      {
        kind: 'series',
        title: 'Runtime',
        description: 'Seconds that an attempt took.',
        unit: 's',
        queries: quantiles(RUNTIME, [], ...CHOSEN),
      },
      {
        kind: 'series',
        title: 'Wait',
        description: 'Seconds from enqueueing to the first attempt.',
        unit: 's',
        queries: quantiles(WAIT, [], ...CHOSEN),
        alerts: ['QueueStuck'],
      },
    ],
    'By task': tasksByName,
    History: taskHistory,
  },
};
