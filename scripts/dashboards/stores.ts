import type { PanelSpec } from './panel.ts';
import { max, of, perSecond, quantile, quantiles, sum } from './promql.ts';

/** One curve for each process. */
export const EACH = ['instance'];
export const EACH_PROCESS = '{{instance}}';

/** PostgreSQL, as the processes see it. */
export const postgresql: readonly PanelSpec[] = [
  {
    kind: 'series',
    title: 'Connections',
    description: 'Connections of each process that are at work or idle, and callers that wait for one.',
    unit: 'short',
    queries: {
      '{{instance}} {{state}}': sum(of('gleaner_database_pool_connections'), ['instance', 'state']),
    },
  },
  {
    kind: 'series',
    title: 'Pool used',
    description: 'Connections at work, as part of those that each process may hold. At 1, callers wait.',
    unit: 'percentunit',
    queries: {
      [EACH_PROCESS]: `${sum(of('gleaner_database_pool_connections', 'state="active"'), EACH)} / ${sum(of('gleaner_database_pool_max_connections'), EACH)}`,
    },
    thresholds: { warning: 0.8, critical: 1 },
    alerts: ['RequestLatencyHigh'],
  },
  {
    kind: 'series',
    title: 'Time of statements',
    description: 'The p95 of the seconds from sending a statement to its answer, by what it does.',
    unit: 's',
    queries: {
      '{{operation}}': quantile(0.95, 'gleaner_database_query_duration_seconds', ['operation']),
    },
    thresholds: { warning: 0.1 },
    alerts: ['RequestLatencyHigh'],
  },
  {
    kind: 'series',
    title: 'Statements',
    description: 'Statements a second, by what they do.',
    unit: 'cps',
    queries: {
      '{{operation}}': perSecond('gleaner_database_query_duration_seconds_count', ['operation']),
    },
  },
  {
    kind: 'series',
    title: 'Slow statements',
    description:
      'Statements a second that took longer than DATABASE_SLOW_QUERY_MS. The log has each of them.',
    unit: 'cps',
    queries: { '{{operation}}': perSecond('gleaner_database_slow_queries_total', ['operation']) },
    alerts: ['RequestLatencyHigh'],
  },
  {
    kind: 'series',
    title: 'Statements of a request',
    description: 'The p95 of the statements that one request, task, batch or periodic work has made.',
    unit: 'short',
    queries: { '{{kind}}': quantile(0.95, 'gleaner_database_unit_queries', ['kind']) },
    thresholds: { critical: 20 },
  },
  {
    kind: 'series',
    title: 'Over 20 statements',
    description: 'Requests, tasks, batches and periodic works a second that made more than 20 statements.',
    unit: 'cps',
    queries: { '{{kind}}': perSecond('gleaner_database_units_over_budget_total', ['kind']) },
  },
  {
    kind: 'series',
    title: 'Transactions tried again',
    description: 'Transactions a second that were tried again because another was in their way.',
    unit: 'cps',
    queries: { '{{reason}}': perSecond('gleaner_database_transaction_retries_total', ['reason']) },
  },
];

/** Redis, as the processes see it. */
export const redis: readonly PanelSpec[] = [
  {
    kind: 'series',
    title: 'Ping',
    description: 'Seconds that Redis took to answer each process when its metrics were last asked for.',
    unit: 's',
    queries: { [EACH_PROCESS]: max(of('gleaner_redis_ping_seconds'), EACH) },
    thresholds: { warning: 0.05, critical: 0.25 },
    alerts: ['RedisUnavailable'],
  },
  {
    kind: 'series',
    title: 'Time of commands',
    description:
      'The p99 of the seconds from giving a command to a connection until its answer, by what the connection is for.',
    unit: 's',
    queries: {
      '{{connection}}': quantile(0.99, 'gleaner_redis_command_duration_seconds', ['connection']),
    },
    thresholds: { warning: 0.05, critical: 0.25 },
    alerts: ['RedisUnavailable'],
  },
  {
    kind: 'series',
    title: 'Commands',
    description: 'Commands a second, by what their connection is for.',
    unit: 'cps',
    queries: {
      '{{connection}}': perSecond('gleaner_redis_command_duration_seconds_count', ['connection']),
    },
  },
  {
    kind: 'series',
    title: 'Time of commands, all connections',
    description: 'Seconds from giving a command to a connection until its answer.',
    unit: 's',
    queries: quantiles('gleaner_redis_command_duration_seconds'),
  },
  {
    kind: 'series',
    title: 'Redis does not answer',
    description: '1 while Redis does not answer a process.',
    unit: 'bool_on_off',
    queries: { [EACH_PROCESS]: max(of('gleaner_redis_metrics_stale'), EACH) },
    thresholds: { critical: 1 },
    alerts: ['RedisUnavailable'],
  },
];
