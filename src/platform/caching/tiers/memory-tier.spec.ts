import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CachedDocument } from '../cached-document.js';
import { MemoryTier } from './memory-tier.js';
import type { ReadEntry } from '../read-entry.js';

const entryOf = (text: string): ReadEntry => ({
  document: CachedDocument.of(text),
  absent: undefined,
  versions: [],
  begunAt: 0,
  freshUntil: 0,
  revalidateUntil: 0,
  usableUntil: 0,
  retryAt: 0,
});

const textOf = (entry: ReadEntry | undefined): unknown => entry?.document?.value;

type Command =
  | readonly ['set', key: string, value: string]
  | readonly ['get', key: string]
  | readonly ['delete', key: string];

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('set' as const), key, fc.string()) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('get' as const), key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('delete' as const), key) },
);

/** The same, obviously right and slow: the entries from the longest unused to the last used. */
class Model {
  entries: (readonly [key: string, value: string])[] = [];

  constructor(private readonly max: number) {}

  run(asked: Command): unknown {
    const found = this.entries.find(([known]) => known === asked[1]);
    this.entries = this.entries.filter((entry) => entry !== found);
    if (asked[0] === 'set') this.entries = [...this.entries, [asked[1], asked[2]] as const].slice(-this.max);
    if (asked[0] === 'get' && found) this.entries.push(found);
    return asked[0] === 'get' ? found?.[1] : undefined;
  }
}

function run(tier: MemoryTier, asked: Command): unknown {
  if (asked[0] === 'get') return textOf(tier.get(asked[1]));
  if (asked[0] === 'delete') tier.delete(asked[1]);
  else tier.set(asked[1], entryOf(asked[2]));
  return undefined;
}

describe('the tier in memory', () => {
  it('answers like a list ordered by last use, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(command, { maxLength: 80 }), (max, commands) => {
        const tier = new MemoryTier(max, 1e9);
        const model = new Model(max);
        for (const asked of commands) expect(run(tier, asked)).toEqual(model.run(asked));
        // What is left is the same too; asked in the model's order, so that asking changes nothing.
        for (const [known, value] of model.entries) expect(textOf(tier.get(known))).toBe(value);
        expect(tier.size).toBe(model.entries.length);
      }),
    );
  });

  it('holds no more bytes than it may, also while documents grow, and gives all of them back', async () => {
    const text = fc.string({ maxLength: 3000 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, text), { maxLength: 40 }), async (sets) => {
        const tier = new MemoryTier(1000, 6000);
        for (const [each, value] of sets) {
          const entry = entryOf(value);
          tier.set(each, entry);
          expect(tier.bytes).toBeLessThanOrEqual(6000);
          await entry.document?.in('gzip');
          expect(tier.bytes).toBeLessThanOrEqual(6000);
        }
        for (const [each] of sets) tier.delete(each);
        expect([tier.bytes, tier.size]).toEqual([0, 0]);
      }),
      { numRuns: 50 },
    );
  });

  it('does not empty itself for what is larger than all of it', () => {
    const tier = new MemoryTier(10, 5000);
    tier.set('small', entryOf('x'));
    tier.set('large', entryOf('x'.repeat(6000)));
    expect(textOf(tier.get('small'))).toBe('x');
    expect(tier.get('large')).toBeUndefined();
  });

  it('counts what had to go early', () => {
    const tier = new MemoryTier(2, 1e6);
    for (const each of ['a', 'b', 'c', 'c']) tier.set(each, entryOf(each));
    expect(tier.evictions).toBe(1);
  });
});
