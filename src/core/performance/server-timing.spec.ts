import { expect, it } from 'vitest';
import { timingOf } from './server-timing.js';
import { WorkUnit } from './work-unit.js';

const unit = (costs: Partial<WorkUnit>): WorkUnit =>
  Object.assign(new WorkUnit('request', 'GET /', 'id'), costs);

it.each<[string, Partial<WorkUnit>, string]>([
  ['nothing but time', {}, 'total;dur=12.3'],
  ['a cached answer', { cacheHits: 1 }, 'total;dur=12.3, cache;desc="1 hit"'],
  [
    'everything',
    { queries: 3, querySeconds: 0.00456, cacheHits: 2, cacheMisses: 1, fetches: 1, fetchSeconds: 0.0081 },
    'total;dur=12.3, db;dur=4.6;desc="3 queries", cache;desc="2 hits, 1 miss", outgoing;dur=8.1;desc="1 fetch"',
  ],
])('Server-Timing tells of %s', (_what, costs, field) => {
  expect(timingOf(unit(costs), 12.345)).toBe(field);
});
