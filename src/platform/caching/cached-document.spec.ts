import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CachedDocument } from './cached-document.js';

describe('a document', () => {
  it('is its value in every form, each with a tag of its own', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue({ stringUnit: fc.constantFrom('a', '"', 'é', '“', '👩🏽') }),
        async (given) => {
          const value: unknown = JSON.parse(JSON.stringify(given));
          const document = CachedDocument.of(value);
          const [br, gzip] = [await document.in('br'), await document.in('gzip')];
          expect(JSON.parse(document.plain.body.toString())).toEqual(value);
          expect(JSON.parse(brotliDecompressSync(br.body).toString())).toEqual(value);
          expect(JSON.parse(gunzipSync(gzip.body).toString())).toEqual(value);
          expect(document.value).toEqual(value);
          expect(new Set([document.plain.etag, br.etag, gzip.etag]).size).toBe(3);
          expect(CachedDocument.of(value).plain.etag).toBe(document.plain.etag);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is kept as text only when that is the same bytes in any encoding', () => {
    expect(CachedDocument.of({ text: 'plain \n "quoted" \u007f' }).plain.body).toBeTypeOf('string');
    for (const text of ['\u0080', 'é', '“', '👩🏽']) {
      const { body } = CachedDocument.of({ text }).plain;
      expect(body).toEqual(Buffer.from(JSON.stringify({ text })));
    }
  });

  it('is compressed once, however many ask', async () => {
    const document = CachedDocument.of('x'.repeat(5000));
    const all = await Promise.all([1, 2, 3].map(async () => document.in('br')));
    expect(new Set(all).size).toBe(1);
    expect(document.in('br')).toBe(all[0]);
  });

  it('cannot be changed by those who share it', () => {
    const document = CachedDocument.of({ deep: { list: [1] } });
    expect(() => (document.value as { deep: { list: number[] } }).deep.list.push(2)).toThrow(TypeError);
  });
});
