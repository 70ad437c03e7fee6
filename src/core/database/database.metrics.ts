import { makeCounterProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';

export const QUERY_SECONDS = 'gleaner_database_query_duration_seconds';
export const TRANSACTION_RETRIES = 'gleaner_database_transaction_retries_total';
export const SLOW_QUERIES = 'gleaner_database_slow_queries_total';

/** Kinds of statements; label of metrics. */
export const OPERATIONS = ['select', 'insert', 'update', 'delete', 'transaction', 'other'] as const;
export type Operation = (typeof OPERATIONS)[number];

export const databaseMetricProviders = [
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
