import { makeCounterProvider } from '@willsoto/nestjs-prometheus';

export const EXPORTS = 'gleaner_record_exports_total';
export const EXPORTED_RECORDS = 'gleaner_record_exports_records_total';

export const exportMetricProviders = [
  makeCounterProvider({
    name: EXPORTS,
    help: 'Exports of records by how they ended',
    labelNames: ['outcome'],
  }),
  makeCounterProvider({ name: EXPORTED_RECORDS, help: 'Records that exports have read to send them' }),
];
