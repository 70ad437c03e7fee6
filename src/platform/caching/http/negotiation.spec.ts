import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { negotiateEncoding } from './accept-encoding.js';
import { matchesEntityTag } from './if-none-match.js';

describe('the encoding of an answer', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['deflate', undefined],
    ['br;q=0.5, gzip', 'gzip'],
    ['br;q=0.5,gzip;q=0.5', 'br'],
    ['br;q=0, gzip;q=0', undefined],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['br;q=0, *', 'gzip'],
    ['identity, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip', 'gzip'],
    ['identity;q=0', undefined],
    ['gzip;q=banana', undefined],
    ['gzip;q=1.5', undefined],
    ['gzip ; q=0.001', 'gzip'],
    ['*;q=0, gzip', 'gzip'],
  ])('for %j is %s', (header, encoding) => {
    expect(negotiateEncoding(header)).toBe(encoding);
  });

  it('is some encoding or none, whatever the header is, and the same when it comes again', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const encoding = negotiateEncoding(header);
        expect([undefined, 'br', 'gzip']).toContain(encoding);
        expect(negotiateEncoding(header)).toBe(encoding);
        if (encoding && !header.includes('*')) expect(header.toLowerCase()).toContain(encoding);
      }),
    );
  });
});

describe('If-None-Match', () => {
  it.each([
    ['"a"', true],
    ['W/"a"', true],
    ['*', true],
    [' * ', true],
    ['"b", "a"', true],
    ['"b","W/a" , W/"a"', true],
    ['"x,y","a"', true],
    ['"b"', false],
    ['a', false],
    ['"A"', false],
    ['"a-gzip"', false],
    ['', false],
    ['"', false],
    [undefined, false],
  ])('%s matches "a": %s', (header, matches) => {
    expect(matchesEntityTag(header, '"a"')).toBe(matches);
  });
});
