import { makeCounterProvider } from '@willsoto/nestjs-prometheus';

export const TASK_EXPORTS = 'gleaner_task_exports_total';

export const controlMetricProviders = [
  makeCounterProvider({
    name: TASK_EXPORTS,
    help: 'Exports of tasks by how they ended',
    labelNames: ['outcome'],
  }),
];
