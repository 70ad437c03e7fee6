import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyStats } from '../runs/run-stats.js';
import { type RunYield, suspicionsOf } from './drift.js';

/** A run of a hundred pages. */
function run(
  items: number,
  stats: Record<string, number> = {},
  fields: Record<string, number> = {},
): RunYield {
  return {
    stats: { ...emptyStats(), 'downloader/response_count': 100, item_scraped_count: items, ...stats },
    fields,
  };
}

const kinds = (now: RunYield, before: readonly RunYield[]) =>
  suspicionsOf(now, before).map(({ kind }) => kind);

describe('a run', () => {
  it('without any item is suspicious, also when it is the first', () => {
    expect(kinds(run(0), [])).toEqual(['no_items']);
    expect(kinds(run(0), [run(50)])).toEqual(['no_items']);
    expect(kinds(run(1), [])).toEqual([]);
  });

  it('with far fewer items than the median of those before is suspicious', () => {
    const before = [run(100), run(104), run(20), run(96)];
    expect(kinds(run(48), before)).toEqual(['few_items']);
    expect(kinds(run(49), before)).toEqual([]);
    expect(suspicionsOf(run(48), before)[0]?.message).toContain('usual 98');
  });

  it('is not suspicious for having more', () => {
    expect(kinds(run(1000), [run(10)])).toEqual([]);
  });

  it('is no longer suspicious when the site has stayed as it became', () => {
    const shrunk = [run(30), run(30), run(30), run(100), run(100)];
    expect(kinds(run(30), shrunk)).toEqual([]);
  });

  it('in which a field has gone missing is suspicious, and names it', () => {
    const usual = run(100, {}, { book: 100, 'book.price': 100, 'book.blurb': 60 });
    const now = run(100, {}, { book: 100, 'book.price': 49, 'book.blurb': 31 });
    const suspicions = suspicionsOf(now, [usual, usual]);
    expect(suspicions).toEqual([
      { kind: 'emptied_field', message: 'book.price has a value in 49 % of the items, usually in 100 %.' },
    ]);
    expect(kinds(run(100, {}, { book: 100, 'book.price': 100 }), [usual])).toEqual(['emptied_field']);
  });

  it('is not suspicious for a field that was mostly empty anyhow', () => {
    const usual = run(100, {}, { book: 100, 'book.award': 15 });
    expect(kinds(run(100, {}, { book: 100 }), [usual])).toEqual([]);
  });

  it('in which one kind of item has gone missing is suspicious, although there are many of another', () => {
    const usual = run(150, {}, { quote: 100, author: 50 });
    expect(kinds(run(100, {}, { quote: 100 }), [usual])).toEqual(['few_items']);
  });

  it('with pages that lost their items is suspicious when they are many', () => {
    expect(kinds(run(90, { 'page/emptied': 11 }), [])).toEqual(['emptied_pages']);
    expect(kinds(run(90, { 'page/emptied': 10 }), [])).toEqual([]);
  });

  it('with pages that something else answered is suspicious when they are many', () => {
    expect(kinds(run(90, { 'page/blocked': 12 }), [])).toEqual(['blocked_pages']);
    expect(kinds(run(90, { 'page/blocked': 11 }), [])).toEqual([]);
  });

  it('like the ones before it is never suspicious', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 10 }), (items, runs) => {
        const same = run(items, {}, { item: items, 'item.name': Math.ceil(items / 2) });
        expect(suspicionsOf(same, Array<RunYield>(runs).fill(same))).toEqual([]);
      }),
    );
  });
});
