import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HtmlPage } from './html-page.js';

const page = new HtmlPage(
  'http://site.example/list/2?x=1',
  `<ul id="a"><li class="x">one &amp; <b>two</b></li><li class="x">&eacute;&#39;</li></ul>
   <div><li class="x" data-n="3">three</li></div><p></p>`,
);

describe('a page', () => {
  it('finds all that match, in the order of the page, in the whole of it or within an element', () => {
    expect(page.all('.x').map((element) => page.textOf(element))).toEqual(['one & two', "é'", 'three']);
    expect(page.all('.x', page.first('#a'))).toHaveLength(2);
    expect(page.all('.y')).toEqual([]);
  });

  it('gives text with entities decoded and inner elements included, as written', () => {
    expect(page.text('.x')).toBe('one & two');
    expect(new HtmlPage('http://a/', '<p> a\n b </p>').text('p')).toBe(' a\n b ');
  });

  it('gives empty text and no attribute where there is none', () => {
    expect(page.text('p')).toBe('');
    expect(page.text('.y')).toBe('');
    expect(page.attribute('.y', 'href')).toBeUndefined();
    expect(page.attribute('.x', 'data-n')).toBeUndefined();
    expect(page.attribute('div .x', 'data-n')).toBe('3');
  });

  it.each([
    ['3', 'http://site.example/list/3'],
    ['/a', 'http://site.example/a'],
    ['?y', 'http://site.example/list/2?y'],
    ['//other.example/', 'http://other.example/'],
    ['https://site.example/b', 'https://site.example/b'],
    ['', 'http://site.example/list/2?x=1'],
  ])('resolves %j against its own address', (href, url) => {
    expect(page.resolve(href)).toBe(url);
  });

  it('resolves what is no URL to nothing', () => {
    expect(page.resolve('http://[half')).toBeUndefined();
  });

  it.each([
    ['/shop/', 'http://site.example/shop/a'],
    ['https://cdn.example/x/y', 'https://cdn.example/x/a'],
    ['http://[half', 'http://site.example/list/a'],
  ])('resolves links against <base href="%s">', (base, url) => {
    expect(new HtmlPage(page.url, `<head><base href="${base}"><base href="/no/"></head>`).resolve('a')).toBe(
      url,
    );
  });

  it('is given up when it is nested more deeply than any page, for reading it could take minutes', () => {
    const hostile = '<b>'.repeat(1_000_000) + '</i>'.repeat(1_000_000);
    expect(() => new HtmlPage('http://a/', hostile)).toThrow('more than 2048 elements within each other');
    const careless = new HtmlPage('http://a/', `${'<font>'.repeat(2000)}<p>deep</p>`);
    expect(careless.text('p')).toBe('deep');
  });

  it('can be read whatever its bytes were', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('<p>', '<p', '<!--', '<p a="', '<![CDATA['),
        (text, before) => {
          expect(typeof new HtmlPage('http://a/', before + text).text('p')).toBe('string');
        },
      ),
    );
  });
});
