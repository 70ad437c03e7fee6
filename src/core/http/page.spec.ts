import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pageQuery, toPage } from './page.js';

type Row = readonly [name: string, id: number];

const query = z.strictObject(pageQuery(z.tuple([z.string(), z.int()])));

/** What PostgreSQL does with a keyset: rows after the cursor, in order, one more than the page shows. */
function fetchRows(sorted: readonly Row[], after: Row | undefined, count: number): Row[] {
  const rest = after ? sorted.filter((row) => compare(row, after) > 0) : sorted;
  return rest.slice(0, count);
}

function compare(a: Row, b: Row): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  return a[1] - b[1];
}

function walk(sorted: readonly Row[], limit: number): { items: Row[]; sizes: number[] } {
  const items: Row[] = [];
  const sizes: number[] = [];
  let next: string | null | undefined;
  do {
    const { cursor } = query.parse({ limit: String(limit), cursor: next ?? undefined });
    const page = toPage(
      fetchRows(sorted, cursor, limit + 1),
      limit,
      (row) => row,
      (row) => row,
    );
    items.push(...page.items);
    sizes.push(page.items.length);
    next = page.nextCursor;
  } while (next !== null && sizes.length <= sorted.length + 1);
  return { items, sizes };
}

describe('walking the pages of a list', () => {
  it('shows each row exactly once, in order, whatever the keys and the limit', () => {
    const row = fc.tuple(fc.string({ unit: 'binary', maxLength: 20 }), fc.integer());
    const rows = fc.uniqueArray(row, { selector: (key) => JSON.stringify(key), maxLength: 60 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 100 }), (unsorted, limit) => {
        const sorted = unsorted.toSorted(compare);
        const { items, sizes } = walk(sorted, limit);
        expect(items).toEqual(sorted);
        expect(sizes).toHaveLength(Math.max(1, Math.ceil(sorted.length / limit)));
      }),
    );
  });

  it('ends without an empty page when the last one is full', () => {
    const rows: Row[] = [1, 2, 3, 4].map((id) => ['x', id]);
    expect(walk(rows, 2).sizes).toEqual([2, 2]);
  });

  it('shows what the row is turned into, and says at the end that nothing follows', () => {
    const page = toPage(
      ['b', 'c'],
      2,
      (row) => [row],
      (row) => row.toUpperCase(),
    );
    expect(page).toEqual({ items: ['B', 'C'], nextCursor: null });
  });
});

describe('the cursor of a request', () => {
  const expected = 'expected the nextCursor of an earlier answer of this list';
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('is refused with an issue, never an exception, when it is arbitrary text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.base64String()), (cursor) => {
        const result = query.safeParse({ cursor });
        expect(result.error?.issues).toEqual([
          expect.objectContaining({ path: ['cursor'], message: expected }),
        ]);
      }),
    );
  });

  it('is refused when it is some other JSON', () => {
    const key = z.tuple([z.string(), z.int()]);
    fc.assert(
      fc.property(
        fc.jsonValue().filter((value) => !key.safeParse(value).success),
        (value) => {
          const result = query.safeParse({ cursor: encode(value) });
          expect(result.error?.issues[0]?.message).toBe(expected);
        },
      ),
    );
  });

  it('is refused when it belongs to another list', () => {
    const authors = z.strictObject(pageQuery(z.tuple([z.string()])));
    expect(authors.safeParse({ cursor: encode(['a']) }).data?.cursor).toEqual(['a']);
    expect(authors.safeParse({ cursor: encode(['a', 1]) }).success).toBe(false);
  });

  it('is refused when it is longer than any real one', () => {
    expect(query.safeParse({ cursor: encode(['x'.repeat(300), 1]) }).success).toBe(true);
    expect(query.safeParse({ cursor: encode(['x'.repeat(10_000), 1]) }).error?.issues[0]?.message).toBe(
      expected,
    );
  });

  it.each([[['a']], [{}], [1]])('is refused when it is not text: %j', (cursor) => {
    expect(query.safeParse({ cursor }).success).toBe(false);
  });
});

describe('the limit of a request', () => {
  it('is 20 unless told otherwise', () => {
    expect(query.parse({}).limit).toBe(20);
  });

  it.each([
    ['1', 1],
    ['100', 100],
    ['20', 20],
  ])('may be %s', (text, limit) => {
    expect(query.parse({ limit: text }).limit).toBe(limit);
  });

  it.each([['0'], ['101'], ['-1'], ['1.5'], ['ten'], [''], ['1e9'], ['NaN'], [['5', '6']]])(
    'may not be %j',
    (limit) => {
      expect(query.safeParse({ limit }).error?.issues[0]?.message).toBe(
        'expected a whole number from 1 to 100',
      );
    },
  );
});
