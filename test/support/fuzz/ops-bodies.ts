import fc from 'fast-check';

/** One operation on many runs in the background, and a second; a third is 503. These only count. */
const counted = { dryRun: true };

/**
 * What operators send, right and nearly right. There is no worker, and none has to be waited for.
 */
export const opsBodies: fc.Arbitrary<string> = fc
  .oneof(
    fc.constantFrom<object[]>(
      { ...counted, all: true },
      { ...counted, group: 'f1', ratePerSecond: 0.1 },
      { ...counted, ids: ['letter-1', 'no:task', '\u{1F600}'] },
      { ...counted, name: 'lost.task', queue: 'low', error: 'FetchError' },
      { ...counted, after: '0001-01-01T00:00:00Z', before: '9999-12-31T23:59:59.999Z' },
      { ...counted, after: '0000-01-01T00:00:00Z' },
      { ...counted, query: 'state:failed' },
      { ...counted, all: true, ids: ['letter-1'] },
      { all: true },
      { all: true, token: 'x'.repeat(22) },
      { ids: ['letter-1'], token: '\0' },
      { payload: { slot: 1 } },
      { reason: 'known', seconds: 60 },
      { rule: 'BeatStale', labels: { queue: '__proto__' }, reason: 'x', seconds: 2_592_000 },
      { rule: 'NoSuchRule', reason: '\u{1F600}', seconds: 60 },
      { severity: 'critical' },
    ),
    fc.record(
      {
        command: fc.constantFrom<object[]>(
          { type: 'pause' },
          { type: 'pool.autoscale', bounds: null },
          { type: 'pool.grow', by: 1e21 },
          { type: 'rate-limit', task: 'scrape.run', rate: '10/m' },
          { type: 'rate-limit', task: '__proto__', rate: null },
          { type: 'rate-limit', task: '\0', rate: '1/d' },
          { type: 'time-limit', task: 'scrape.run', limits: { softMs: 1, hardMs: 86_400_000 } },
          { type: 'time-limit', task: 'scrape.run', limits: { softMs: 2, hardMs: 1 } },
          { type: 'shutdown' },
          { type: '__proto__' },
        ),
        workers: fc.constantFrom<unknown[]>(['nobody'], ['\u{1F600}', 'a b'], [], 'nobody', [{}]),
        timeoutSeconds: fc.constantFrom<unknown[]>(0.1, 0.1, 0.1, 0, -1, 1e9, '0.1', null),
      },
      { requiredKeys: ['timeoutSeconds'] },
    ),
  )
  .map((body) => JSON.stringify(body));
