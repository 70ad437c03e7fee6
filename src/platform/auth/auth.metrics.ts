import { makeCounterProvider } from '@willsoto/nestjs-prometheus';

export const AUTH_FAILURES = 'gleaner_auth_failures_total';
export const AUDIT_DROPPED = 'gleaner_audit_entries_dropped_total';

export const authMetricProviders = [
  makeCounterProvider({
    name: AUTH_FAILURES,
    help: 'Presented keys that opened nothing, by reason',
    labelNames: ['reason'],
  }),
  makeCounterProvider({
    name: AUDIT_DROPPED,
    help: 'Failed attempts that were not written to the audit, because there were too many',
  }),
];
