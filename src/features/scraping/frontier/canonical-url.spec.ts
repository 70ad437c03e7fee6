import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalUrl, fingerprintOf } from './canonical-url.js';

const canonical = (url: string, dropTracking = false) => canonicalUrl(new URL(url), { dropTracking });

describe('the canonical form of a URL', () => {
  it.each([
    ['the fragment does not count', 'http://a.example/x#top', 'http://a.example/x'],
    ['scheme and host in lower case', 'HTTP://A.Example/X', 'http://a.example/X'],
    ['the default port goes', 'https://a.example:443/', 'https://a.example/'],
    ['another port stays', 'https://a.example:8443/', 'https://a.example:8443/'],
    ['parameters are sorted', 'http://a.example/?b=2&a=1', 'http://a.example/?a=1&b=2'],
    ['repeated ones by their value', 'http://a.example/?a=2&a=1', 'http://a.example/?a=1&a=2'],
    ['blank values stay', 'http://a.example/?b=&a', 'http://a.example/?a&b='],
    ['an empty query goes', 'http://a.example/?', 'http://a.example/'],
    ['dots are resolved', 'http://a.example/x/../y/./z', 'http://a.example/y/z'],
    ['needless encoding is undone', 'http://a.example/%7Ejo%41n', 'http://a.example/~joAn'],
    ['needed encoding is in capitals', 'http://a.example/a%2fb?q=%c3%a9', 'http://a.example/a%2Fb?q=%C3%A9'],
    ['names in other scripts are ASCII', 'http://bücher.example/', 'http://xn--bcher-kva.example/'],
  ])('%s', (_, url, expected) => {
    expect(canonical(url)).toBe(expected);
  });

  it('drops what tracks visitors only when it is told to', () => {
    const url = 'http://a.example/x?utm_source=mail&id=7&gclid=abc&fbclid=d';
    expect(canonical(url, true)).toBe('http://a.example/x?id=7');
    expect(canonical(url)).toBe('http://a.example/x?fbclid=d&gclid=abc&id=7&utm_source=mail');
    expect(canonical('http://a.example/x?utm=1&xutm_a=2', true)).toBe('http://a.example/x?utm=1&xutm_a=2');
  });

  const parameters = fc.array(fc.tuple(fc.stringMatching(/^[a-z0-9~%]{1,4}$/), fc.webQueryParameters()), {
    maxLength: 6,
  });

  it('is the same for every order of the parameters, and is its own canonical form', () => {
    fc.assert(
      fc.property(parameters, fc.webFragments(), fc.boolean(), (pairs, fragment, dropTracking) => {
        const parts = pairs.map(
          ([name, value]) => `${encodeURIComponent(name)}=${value.replaceAll('&', '')}`,
        );
        const one = canonical(`http://a.example/p?${parts.join('&')}#${fragment}`, dropTracking);
        const other = canonical(`http://A.example:80/p?${parts.toReversed().join('&')}`, dropTracking);
        expect(other).toBe(one);
        expect(canonical(one, dropTracking)).toBe(one);
      }),
    );
  });

  it('leads to the same page: no parameter is lost or changed', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (text) => {
        const url = new URL(text);
        const again = new URL(canonicalUrl(url));
        const sorted = (from: URL) => [...from.searchParams].map((pair) => JSON.stringify(pair)).sort();
        expect(sorted(again)).toEqual(sorted(url));
        expect(decodeURIComponent(again.pathname)).toBe(decodeURIComponent(url.pathname));
      }),
    );
  });

  it('has a fingerprint of its own', () => {
    expect(fingerprintOf('http://a.example/')).toMatch(/^[0-9a-f]{32}$/);
    expect(fingerprintOf('http://a.example/')).not.toBe(fingerprintOf('http://a.example/x'));
  });
});
