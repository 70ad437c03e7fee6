import { makeCounterProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';

export const UNIT_QUERIES = 'gleaner_database_unit_queries';
export const OVER_BUDGET = 'gleaner_database_units_over_budget_total';

/** Labels: `unit` is a route template or a task of the code, so that its values stay few. */
export const workUnitMetricProviders = [
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
];
