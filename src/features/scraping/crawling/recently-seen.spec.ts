import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentlySeen } from './recently-seen.js';

describe('a map of what was seen lately', () => {
  it('knows the last keys, and has forgotten those before', () => {
    const seen = new RecentlySeen<number>(10);
    for (let n = 0; n < 100; n++) seen.set(String(n), n);
    for (let n = 90; n < 100; n++) expect(seen.get(String(n))).toBe(n);
    for (let n = 0; n < 80; n++) expect(seen.get(String(n))).toBeUndefined();
  });

  it('keeps a key that is asked for again and again', () => {
    const seen = new RecentlySeen<string>(5);
    seen.set('kept', 'yes');
    for (let n = 0; n < 100; n++) {
      seen.set(String(n), 'x');
      expect(seen.get('kept')).toBe('yes');
    }
  });

  it('never answers anything but what was set last', () => {
    const operations = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer()));
    fc.assert(
      fc.property(operations, (sets) => {
        const seen = new RecentlySeen<number>(7);
        const truth = new Map<string, number>();
        for (const [key, value] of sets) {
          const found = seen.get(String(key));
          if (found !== undefined) expect(found).toBe(truth.get(String(key)));
          seen.set(String(key), value);
          truth.set(String(key), value);
          expect(seen.get(String(key))).toBe(value);
        }
      }),
    );
  });
});
