import { makeCounterProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';

export const UNIT_QUERIES = 'gleaner_database_unit_queries';
export const OVER_BUDGET = 'gleaner_database_units_over_budget_total';
export const QUERY_SECONDS = 'gleaner_database_query_duration_seconds';
export const TRANSACTION_RETRIES = 'gleaner_database_transaction_retries_total';
export const SLOW_QUERIES = 'gleaner_database_slow_queries_total';

/** Kinds of statements; label of metrics. */
export const OPERATIONS = ['select', 'insert', 'update', 'delete', 'transaction', 'other'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Labels: `unit` is a route template or a task of the code, so that its values stay few. */
export const databaseMetricProviders = [
  makeHistogramProvider({
    name: UNIT_QUERIES,
    help: 'Queries that one request, task, batch or periodic work has made',
    labelNames: ['kind', 'unit'],
    buckets: [0, 1, 2, 3, 5, 8, 12, 20, 50, 200],
  }),
  makeCounterProvider({
    name: OVER_BUDGET,
    help: 'Requests, tasks, batches and periodic works that made more than 20 queries',
    labelNames: ['kind'],
  }),
  makeHistogramProvider({
    name: QUERY_SECONDS,
    help: 'Seconds from sending a statement to its answer',
    labelNames: ['operation'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10],
  }),
  makeCounterProvider({
    name: TRANSACTION_RETRIES,
    help: 'Transactions tried again because another was in their way',
    labelNames: ['reason'],
  }),
  makeCounterProvider({
    name: SLOW_QUERIES,
    help: 'Statements that took longer than DATABASE_SLOW_QUERY_MS',
    labelNames: ['operation'],
  }),
];
