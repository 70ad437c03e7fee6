import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LruStore } from './lru-store.js';

type Command =
  | readonly ['set', key: string, value: number]
  | readonly ['get' | 'delete', key: string]
  | readonly ['clear'];

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('set' as const), key, fc.integer()) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('get' as const), key) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('delete' as const), key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('clear' as const)) },
);

/** The same, obviously right and slow: the entries from the longest unused to the last used. */
class Model {
  entries: (readonly [key: string, value: number])[] = [];

  constructor(private readonly max: number) {}

  run(asked: Command): unknown {
    const found = this.entries.find(([known]) => known === asked[1]);
    if (asked[0] === 'clear') this.entries = [];
    else this.entries = this.entries.filter((entry) => entry !== found);
    if (asked[0] === 'set') this.entries = [...this.entries, [asked[1], asked[2]] as const].slice(-this.max);
    if (asked[0] === 'get' && found) this.entries.push(found);
    return asked[0] === 'get' ? found?.[1] : asked[0] === 'delete' ? found !== undefined : undefined;
  }
}

function run(store: LruStore, asked: Command): unknown {
  if (asked[0] === 'get') return store.get(asked[1]);
  if (asked[0] === 'delete') return store.delete(asked[1]);
  if (asked[0] === 'set') store.set(asked[1], asked[2]);
  else store.clear();
  return undefined;
}

describe('the store in the process', () => {
  it('answers like a list ordered by last use, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(command, { maxLength: 80 }), (max, commands) => {
        const store = new LruStore(max);
        const model = new Model(max);
        for (const asked of commands) expect(run(store, asked)).toEqual(model.run(asked));
        // What is left is the same too; asked in the model's order, so that asking changes nothing.
        for (const [known, value] of model.entries) expect(store.get(known)).toBe(value);
      }),
    );
  });

  it('never holds more than its bound', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.uniqueArray(fc.string(), { maxLength: 60 }),
        (max, keys) => {
          const store = new LruStore(max);
          for (const each of keys) store.set(each, each);
          expect(keys.filter((each) => store.get(each) !== undefined)).toEqual(keys.slice(-max));
        },
      ),
    );
  });

  it('forgets what was used longest ago, reading being a use', () => {
    const store = new LruStore(2).set('a', 1).set('b', 2);
    store.get('a');
    store.set('c', 3);
    expect(['a', 'b', 'c'].map((each) => store.get(each))).toEqual([1, undefined, 3]);
  });

  it('keeps values that are false, zero, empty or null', () => {
    const store = new LruStore(4);
    for (const value of [false, 0, '', null]) expect(store.set('x', value).get('x')).toBe(value);
  });
});
