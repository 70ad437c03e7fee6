import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue, RecordItem } from '../record-item.js';
import { recordHash, toRows } from './record-row.js';

const item = (key: string, data: RecordItem['data'], rest: Partial<RecordItem> = {}): RecordItem => ({
  kind: 'item',
  key: JSON.stringify([key]),
  data,
  url: `http://x/${key}`,
  ...rest,
});
const dataOf = (items: RecordItem[]): unknown[] =>
  toRows(items).map(({ data }) => JSON.parse(data) as unknown);

describe('the rows of a batch', () => {
  it('have one for each kind and key, in the order of the hashes', () => {
    const items = ['b', 'a', 'c', 'b'].flatMap((key) => [item(key, {}), item(key, {}, { kind: 'other' })]);
    const rows = toRows(items);
    expect(rows).toHaveLength(6);
    const hashes = rows.map(({ hash }) => hash);
    expect(hashes).toEqual(hashes.toSorted());
    expect(hashes).toContain(recordHash('other', '["c"]'));
  });

  it('merge what several pages say of a record; the later counts, unless it says nothing', () => {
    const items = [
      item('a', { title: 'Short', price: 3, tags: ['x'], stock: true, note: 'n' }),
      item(
        'a',
        { title: 'Long', price: null, tags: [], stock: false, note: '', more: 0 },
        { url: 'http://x/detail' },
      ),
    ];
    expect(dataOf(items)).toEqual([
      { title: 'Long', price: 3, tags: ['x'], stock: false, note: 'n', more: 0 },
    ]);
    expect(toRows(items)[0]?.url).toBe('http://x/detail');
  });

  it.each<[string, JsonValue]>([
    ['null', null],
    ['an empty text', ''],
    ['an empty list', []],
    ['a list of nothing', [null, '', []]],
  ])('do not have a field with %s', (_, value) => {
    expect(dataOf([item('a', { value, zero: 0, no: false, blank: ' ' })])).toEqual([
      { zero: 0, no: false, blank: ' ' },
    ]);
  });

  it('are the same when a batch comes twice', () => {
    const value = fc.oneof(fc.constantFrom<JsonValue>(null, '', [], 0, false), fc.string(), fc.integer());
    const items = fc.array(
      fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.dictionary(fc.constantFrom('x', 'y', '__proto__'), value)),
    );
    fc.assert(
      fc.property(items, (pairs) => {
        const batch = pairs.map(([key, data]) => item(key, data));
        expect(toRows([...batch, ...batch])).toEqual(toRows(batch));
      }),
    );
  });

  it('have no character that PostgreSQL would refuse, and keep all the others', () => {
    expect(dataOf([item('a', { text: 'a\0b\ud83d', list: ['\0', '👩‍🚀', 'c:\\u0000'] })])).toEqual([
      { text: 'ab\ufffd', list: ['', '👩‍🚀', 'c:\\u0000'] },
    ]);
  });
});
