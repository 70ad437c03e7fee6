import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyQuery } from '../../../../test/support/task-queries.js';
import { parseQuery } from './parse-query.js';
import { printQuery } from './print-query.js';
import { QuerySyntaxError } from './query.errors.js';
import type { TaskQuery } from './task-query.js';

function refusal(text: string): QuerySyntaxError {
  try {
    parseQuery(text);
  } catch (error) {
    if (error instanceof QuerySyntaxError) return error;
    throw error;
  }
  throw new Error(`${text} was read`);
}

const failed: TaskQuery = { field: 'state', state: 'failed' };
const low: TaskQuery = { field: 'queue', match: { text: 'low' } };
const first: TaskQuery = { field: 'worker', match: { text: 'w1' } };

describe('a query', () => {
  it.each<[string, TaskQuery]>([
    ['state:failed', failed],
    ['name:scrape.*', { field: 'name', match: { pattern: 'scrape.*' } }],
    ['name:"scrape.*"', { field: 'name', match: { text: 'scrape.*' } }],
    [
      String.raw`error:"he said \"no\" \\ (twice)"`,
      { field: 'error', match: { text: String.raw`he said "no" \ (twice)` } },
    ],
    ['took:>30s', { field: 'took', comparison: '>', ms: 30_000 }],
    ['took:1.5m', { field: 'took', comparison: '=', ms: 90_000 }],
    ['attempts:<=3', { field: 'attempts', comparison: '<=', count: 3 }],
    ['after:2026-01-01', { field: 'after', time: { atMs: Date.UTC(2026, 0, 1) } }],
    ['before:2026-01-01T10:30', { field: 'before', time: { atMs: Date.UTC(2026, 0, 1, 10, 30) } }],
    [
      'before:2026-01-01T10:30:00.5+02:00',
      { field: 'before', time: { atMs: Date.UTC(2026, 0, 1, 8, 30, 0, 500) } },
    ],
    ['after:-1h', { field: 'after', time: { agoMs: 3_600_000 } }],
    ['arg.source.slug:quotes', { field: 'arg', path: ['source', 'slug'], value: 'quotes', quoted: false }],
    ['arg.page:"2"', { field: 'arg', path: ['page'], value: '2', quoted: true }],
    ['retry_of:a-b', { field: 'retry_of', match: { text: 'a-b' } }],
  ])('%s is read', (text, query) => {
    expect(parseQuery(text)).toEqual(query);
  });

  it.each<[string, TaskQuery]>([
    ['state:failed queue:low', { and: [failed, low] }],
    ['state:failed AND queue:low', { and: [failed, low] }],
    ['state:failed queue:low OR worker:w1', { or: [{ and: [failed, low] }, first] }],
    ['state:failed (queue:low OR worker:w1)', { and: [failed, { or: [low, first] }] }],
    ['-state:failed queue:low', { and: [{ not: failed }, low] }],
    ['NOT (state:failed OR queue:low)', { not: { or: [failed, low] } }],
    ['state:failed NOT queue:low', { and: [failed, { not: low }] }],
    ['state:failed(queue:low)', { and: [failed, low] }],
    ['\n state:failed\tqueue:low ', { and: [failed, low] }],
  ])('%s is joined as people expect', (text, query) => {
    expect(parseQuery(text)).toEqual(query);
  });

  it('that is empty is met by every task', () => {
    expect(parseQuery('')).toBeUndefined();
    expect(parseQuery('  \n')).toBeUndefined();
  });

  it.each([
    ['colour:red', 0, 'one of the fields state, id, name'],
    ['state:failed colour:red', 13, 'one of the fields'],
    ['state:done', 6, 'one of pending, received'],
    [
      'state:"failed" or queue:low',
      15,
      'a condition such as state:failed (AND, OR and NOT are written in capitals), got "or"',
    ],
    ['timeout', 0, 'a condition such as state:failed'],
    ['state:', 6, 'a value behind "state:"'],
    ['error:"timed out', 6, 'a text in quotation marks'],
    [String.raw`error:"a\b"`, 6, 'a text in quotation marks'],
    ['(state:failed', 13, 'a condition, AND, OR or ")"'],
    ['state:failed)', 12, 'a condition, AND, OR or the end'],
    ['state:failed OR', 15, 'a condition such as'],
    ['AND state:failed', 0, 'a condition such as'],
    ['-', 1, 'a condition such as'],
    ['took:30', 5, 'a time such as 500ms'],
    ['took:>4000d', 5, 'a time such as'],
    ['attempts:>=two', 9, 'a whole number up to 999999'],
    ['after:yesterday', 6, 'a time such as 2026-01-31'],
    ['after:2026-02-30', 6, 'a time such as 2026-01-31'],
    ['after:2026-01-01T25:00', 6, 'a time such as 2026-01-31'],
    ['arg.:x', 0, 'one to ten names behind "arg."'],
    ['arg.a..b:x', 0, 'one to ten names behind "arg."'],
    ['arg.a:x*', 6, 'a value without *'],
    ['name:a\0', 6, 'no control characters'],
    [`name:${'x'.repeat(2000)}`, 2000, 'at most 2000 characters'],
    [`${'('.repeat(30)}state:failed`, 21, 'at most 20 parentheses'],
    [`${'-'.repeat(500)}state:failed`, 21, 'at most 20 parentheses'],
    ['state:failed '.repeat(51), 650, 'at most 50 conditions'],
  ])('%s is refused at position %i', (text, position, expected) => {
    const error = refusal(text);
    expect(error.extensions.position).toBe(position);
    expect(error.message).toContain(`position ${position}: expected ${expected}`);
    expect(error).toMatchObject({ code: 'query.invalid', httpStatus: 400 });
  });

  it('of any text at all is read, or refused at a position of it', () => {
    const pieces = fc.constantFrom(
      'state:',
      'failed',
      'name:',
      '"',
      '\\',
      '(',
      ')',
      '-',
      ' ',
      'AND',
      'OR',
      'NOT',
      '*',
      'took:>',
      '30s',
      'arg.a:',
      '\ud800',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc
        .array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 30 })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          parseQuery(given);
        } catch (error) {
          expect(error).toBeInstanceOf(QuerySyntaxError);
          const { position, found } = (error as QuerySyntaxError).extensions;
          expect(position).toBeGreaterThanOrEqual(0);
          expect(position).toBeLessThanOrEqual(given.length);
          expect(found).toBe(found.toWellFormed());
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('that is printed and read again is the same', () => {
    fc.assert(
      fc.property(anyQuery, (query) => {
        expect(parseQuery(printQuery(query))).toEqual(query);
      }),
      { numRuns: 1000 },
    );
  });
});
