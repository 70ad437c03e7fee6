import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';

export const recordsConfig = defineConfig('records', {
  exportsAtOnce: setting(
    'RECORDS_EXPORTS_AT_ONCE',
    wholeNumber(1, 1000).default(4),
    'exports that a process sends at once; each holds some megabytes and often one connection to PostgreSQL',
  ),
});

export type RecordsConfig = ConfigOf<typeof recordsConfig>;
