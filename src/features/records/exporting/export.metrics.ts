import { makeCounterProvider } from '@willsoto/nestjs-prometheus';

export const EXPORTS = 'gleaner_record_exports_total';
export const EXPORTED_RECORDS = 'gleaner_record_exports_records_total';

/** How an export ended: with its last record; because the client left or the process shut down; by a fault; not begun. */
export const EXPORT_OUTCOMES = ['completed', 'interrupted', 'failed', 'refused'] as const;
export type ExportOutcome = (typeof EXPORT_OUTCOMES)[number];

export const exportMetricProviders = [
  makeCounterProvider({
    name: EXPORTS,
    help: 'Exports of records by how they ended',
    labelNames: ['outcome'],
  }),
  makeCounterProvider({ name: EXPORTED_RECORDS, help: 'Records that exports have read to send them' }),
];
