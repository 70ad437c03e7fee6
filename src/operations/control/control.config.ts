import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';

export const controlConfig = defineConfig('control', {
  exportsAtOnce: setting(
    'OPS_EXPORTS_AT_ONCE',
    wholeNumber(1, 1000).default(4),
    'exports of tasks that a process sends at once; each often holds one connection to PostgreSQL',
  ),
  eventStreamsAtOnce: setting(
    'OPS_EVENT_STREAMS_AT_ONCE',
    wholeNumber(1, 10_000).default(100),
    'clients to which a process sends events of tasks and workers at once',
  ),
  bulkMaxTasks: setting(
    'OPS_BULK_MAX_TASKS',
    wholeNumber(1, 10_000_000).default(100_000),
    'tasks or dead letters that one bulk operation acts on at most; what is beyond them is left as it is',
  ),
});

export type ControlConfig = ConfigOf<typeof controlConfig>;
