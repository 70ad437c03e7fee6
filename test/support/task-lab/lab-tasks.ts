import { z } from 'zod';

const common = {
  queue: 'default',
  version: 1,
  schema: z.looseObject({}),
  attempts: 3,
  backoff: { baseMs: 10, maxMs: 50 },
  deadlineMs: 60_000,
} as const;

/** What the tasks of the lab are; what they do is in lab.mjs. For both sides: no import of the application. */
export const labTasks = {
  noop: { ...common, name: 'lab.noop' },
  work: { ...common, name: 'lab.work' },
  /** Works, and tries for as long as an outage may take. */
  patient: { ...common, name: 'lab.patient', attempts: 200, backoff: { baseMs: 200, maxMs: 500 } },
  workHigh: { ...common, name: 'lab.work-high', queue: 'high' },
  workLow: { ...common, name: 'lab.work-low', queue: 'low' },
  /** Takes no notice of its signal. */
  deaf: { ...common, name: 'lab.deaf', deadlineMs: 300, attempts: 2 },
  fail: { ...common, name: 'lab.fail' },
  keyed: {
    ...common,
    name: 'lab.keyed',
    idempotencyKey: (payload: unknown) => (payload as { key: string }).key,
  },
  parent: { ...common, name: 'lab.parent' },
  isolated: { ...common, name: 'lab.isolated', isolated: { graceMs: 300 }, attempts: 2, deadlineMs: 2000 },
} as const;
