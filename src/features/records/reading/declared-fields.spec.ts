import { describe, expect, it } from 'vitest';
import { assertDeclared, declaredFields } from './declared-fields.js';

const source = {
  extraction: {
    items: [
      { kind: 'book', selector: 'article', key: ['url'], fields: { url: {}, title: { selector: 'h3' } } },
      { selector: 'p', fields: { title: {}, born: {} } },
    ],
    follow: [],
    somethingNewer: true,
  },
};

describe('the fields that a source declares', () => {
  it('are those of the kind, or else of all kinds together', () => {
    expect(declaredFields(source, 'book')).toEqual(['url', 'title']);
    expect(declaredFields(source, 'item')).toEqual(['title', 'born']);
    expect(declaredFields(source)).toEqual(['url', 'title', 'born']);
    expect(declaredFields(source, 'of an older declaration')).toEqual(['url', 'title', 'born']);
  });

  it.each([null, {}, { items: 1 }, { items: [{ fields: 1 }] }])(
    'are not known when it has no declaration that can be read: %j',
    (extraction) => {
      expect(declaredFields({ extraction })).toBeUndefined();
      expect(() => assertDeclared({ extraction }, { where: [{ field: 'anything' }] })).not.toThrow();
    },
  );

  it('are the only ones that a condition can be about; the error names them', () => {
    expect(() => assertDeclared(source, { where: [{ field: 'born' }] })).not.toThrow();
    expect(() => assertDeclared(source, { where: [{ field: 'url' }, { field: 'prise' }] })).toThrow(
      'where: expected a field that the source declares (url, title, born), got "prise"',
    );
    expect(() => assertDeclared(source, { kind: 'book', where: [{ field: 'born' }] })).toThrow(
      '(url, title)',
    );
    expect(() => assertDeclared(source, { where: [{ field: 'toString' }] })).toThrow('got "toString"');
  });
});
