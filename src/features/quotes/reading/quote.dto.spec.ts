import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { toPage } from '../../../core/http/index.js';
import { listAuthorsQuery, listQuotesQuery, listTagsQuery, quoteId } from './quote.dto.js';

/** The cursor that a page ending with this key gives. */
const cursorAt = (...key: unknown[]): string =>
  toPage(
    [key, key],
    1,
    (row) => row,
    (row) => row,
  ).nextCursor ?? '';

describe('the cursor of a list', () => {
  it.each<[string, z.ZodType<{ cursor?: unknown }>]>([
    ['authors', listAuthorsQuery],
    ['tags', listTagsQuery],
  ])('of %s is taken back for every name that the list can hold', (_, query) => {
    // One character many times over: the length is what matters, and it shrinks quickly.
    const name = fc
      .tuple(fc.constantFrom('a', 'é', '日', '👩', '"', '\\', ' '), fc.integer({ min: 1, max: 500 }))
      .map(([character, count]) => character.repeat(count));
    fc.assert(
      fc.property(name, (last) => {
        expect(query.safeParse({ cursor: cursorAt(last) }).data?.cursor).toEqual([last]);
      }),
    );
  });

  it('of quotes is taken back', () => {
    const key = ['2026-11-21T02:00:00.123Z', Number.MAX_SAFE_INTEGER];
    expect(listQuotesQuery.parse({ cursor: cursorAt(...key) }).cursor).toEqual(key);
  });

  it.each([
    [['yesterday', 1]],
    [['2026-11-21T02:00:00.123Z', '1; DROP TABLE quote']],
    [['2026-11-21T02:00:00.123Z', -1]],
  ])('of quotes is refused when it is forged: %j', (key) => {
    expect(listQuotesQuery.safeParse({ cursor: cursorAt(...key) }).success).toBe(false);
  });
});

describe('the query of the list of quotes', () => {
  it('takes what it knows, and tells of what it does not', () => {
    expect(
      listQuotesQuery.parse({ author: 'Ada', tag: 'life', source: 'quotes', q: '"to be" -not' }),
    ).toMatchObject({ limit: 20 });
    expect(listQuotesQuery.safeParse({ autor: 'Ada' }).error?.issues[0]).toMatchObject({
      code: 'unrecognized_keys',
    });
  });

  it.each(['author', 'tag', 'source', 'q'])('refuses NUL and emptiness in %s', (name) => {
    expect(listQuotesQuery.safeParse({ [name]: 'a\0b' }).success).toBe(false);
    expect(listQuotesQuery.safeParse({ [name]: '' }).success).toBe(false);
  });
});

describe('the id of a quote', () => {
  it.each([
    ['1', 1],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('may be %s', (text, id) => {
    expect(quoteId.parse(text)).toBe(id);
  });

  it.each(['0', '-1', '1.5', 'random', '', '9007199254740992', '1e400', 'NaN'])('may not be %j', (text) => {
    expect(quoteId.safeParse(text).success).toBe(false);
  });
});
