import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from './cache-envelope.js';
import { CachedDocument } from '../cached-document.js';

const number = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const stored = fc.record({ value: fc.jsonValue(), key: fc.string(), versions: fc.array(number), at: number });

const textOf = ({
  value,
  key,
  versions,
  at,
}: typeof stored extends fc.Arbitrary<infer T> ? T : never): string =>
  encode(key, { document: CachedDocument.of(value), versions, fetchedAt: at, freshUntil: at });

describe('what is stored in Redis', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(stored, (given) => {
        const envelope = decode(given.key, textOf(given));
        expect(envelope?.versions).toEqual(given.versions);
        expect(envelope?.fetchedAt).toBe(given.at);
        expect(envelope?.document.plain).toEqual(CachedDocument.of(given.value).plain);
      }),
    );
  });

  it('is nothing under another key, or when one character of it has changed or is missing', () => {
    fc.assert(
      fc.property(stored, fc.nat(), fc.constantFrom('', 'x', '\n', '"'), (given, at, other) => {
        const text = textOf(given);
        const place = at % text.length;
        const spoilt = text.slice(0, place) + other + text.slice(place + 1);
        fc.pre(spoilt !== text);
        expect(decode(`${given.key}!`, text)).toBeUndefined();
        const read = decode(given.key, spoilt);
        // Times and versions carry no seal: a changed one is only ever compared. The body must be as it was.
        if (read) expect(read.document.plain.etag).toBe(CachedDocument.of(given.value).plain.etag);
      }),
      { numRuns: 500 },
    );
  });

  it('is nothing when it is anything else', () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.string(),
      fc.string().map((text) => `gleaner-read-1 ${text}`),
    );
    fc.assert(
      fc.property(anything, (foreign) => {
        expect(decode('key', foreign)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
    expect(decode('key', 'gleaner-read-1 ["key"]\n{}')).toBeUndefined();
    expect(decode('key', 'gleaner-read-1 ["key","hash",1,2.5]\n{}')).toBeUndefined();
  });
});
