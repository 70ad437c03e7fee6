import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { HtmlPage } from '../../scraping/index.js';
import { extractionSchema } from '../../sources/index.js';
import type { JsonValue } from '../record-item.js';
import { compileExtraction, type PageReading } from './page-reader.js';

type Declared = z.input<typeof extractionSchema>;
type DeclaredField = Declared['items'][number]['fields'][string];

const PAGE = 'http://shop.example/list/2?sort=price';

function read(declared: Declared, html: string, url = PAGE): PageReading {
  return compileExtraction(extractionSchema.parse(declared)).read(new HtmlPage(url, html));
}

/** The value of a field of the one item that the page is. */
function valueOf(field: DeclaredField, html: string): JsonValue | undefined {
  const fields = { page: { from: 'url' as const }, value: field };
  return read({ items: [{ selector: ':root', key: ['page'], fields }] }, html).items[0]?.data.value;
}

describe('a field', () => {
  it.each<[what: string, field: DeclaredField, html: string, value: JsonValue]>([
    ['text', { selector: 'p' }, '<p> one\n\u00a0 <b>two</b> </p><p>three</p>', 'one two'],
    ['text of lines and cells apart', { selector: 'div' }, '<div><p>a</p><p>b</p>c<br>d</div>', 'a b c d'],
    ['text without scripts', { selector: 'div' }, '<div>a<script>x()</script><style>y</style></div>', 'a'],
    ['text of a script that is asked for', { selector: 'script' }, '<script>{"a":1}</script>', '{"a":1}'],
    ['text of the item itself', {}, 'a <b>b</b>', 'a b'],
    ['nothing where there is only white space', { selector: 'p' }, '<p> \n\u00a0</p>', null],
    ['nothing where no element is', { selector: 'p' }, '<b>a</b>', null],
    ['HTML', { selector: 'p', from: 'html' }, '<p> <b>é</b> &lt;<br></p>', '<b>é</b> &lt;<br>'],
    ['an attribute', { selector: 'a', attribute: 'TITLE' }, '<a title=" a  b ">c</a>', 'a b'],
    ['no attribute that every object has', { selector: 'a', attribute: 'constructor' }, '<a>c</a>', null],
    ['what stands at the item by :scope', { selector: ':scope > p' }, '<p>a</p>', null],
    ['the URL of the page', { from: 'url', regex: '/list/(\\d+)', type: 'number' }, '', 2],
    ['a group of an expression', { selector: 'p', regex: 'by (\\w+)' }, '<p>said by Ada Vale</p>', 'Ada'],
    ['the first group that matches', { selector: 'p', regex: '^“(.*)”$|^(.+)$' }, '<p>“a”b</p>', '“a”b'],
    ['all of a match without groups', { selector: 'p', regex: '\\d+ \\w+' }, '<p>in 10 days.</p>', '10 days'],
    ['nothing without a match', { selector: 'p', regex: '\\d' }, '<p>a</p>', null],
    ['a number', { selector: 'p', type: 'number' }, '<p>£1,234.50</p>', 1234.5],
    ['a number of Germany', { selector: 'p', type: 'number', decimal: ',' }, '<p>1.234,50 €</p>', 1234.5],
    [
      'a date',
      { selector: 'time', attribute: 'datetime', type: 'date' },
      '<time datetime="2024-05-17">',
      '2024-05-17',
    ],
    [
      'a date in words',
      { selector: 'p', type: 'date', format: 'd LLL yyyy' },
      '<p>17 May 2024</p>',
      '2024-05-17',
    ],
    [
      'a URL',
      { selector: 'a', attribute: 'href', type: 'url' },
      '<a href="../a b#c">',
      'http://shop.example/a%20b#c',
    ],
    [
      'a URL by <base>',
      { selector: 'a', attribute: 'href', type: 'url' },
      '<base href="/x/"><a href="y">',
      'http://shop.example/x/y',
    ],
    [
      'no URL that is no web page',
      { selector: 'a', attribute: 'href', type: 'url' },
      '<a href="mailto:a@b">',
      null,
    ],
    ['whether there is one', { selector: '.stock', type: 'boolean' }, '<p class="stock"></p>', true],
    ['whether there is none', { selector: '.stock', type: 'boolean' }, '<p></p>', false],
    [
      'whether an attribute is there',
      { selector: 'input', attribute: 'checked', type: 'boolean' },
      '<input checked>',
      true,
    ],
    ['whether it says so', { selector: 'p', regex: '^In', type: 'boolean' }, '<p>Out of stock</p>', false],
    ['what is mapped', { selector: 'p', map: { One: 1, Two: null } }, '<p> One </p>', 1],
    ['what is mapped to a boolean', { selector: 'p', map: { No: false } }, '<p>No</p>', false],
    ['nothing of what is not mapped', { selector: 'p', map: { One: 1 } }, '<p>constructor</p>', null],
    ['a list', { selector: 'li', list: true }, '<ul><li>a<li> <li>b</ul>', ['a', 'b']],
    [
      'a list of numbers',
      { selector: 'li', list: true, type: 'number' },
      '<li>1</li><li>x</li><li>2</li>',
      [1, 2],
    ],
    ['an empty list', { selector: 'li', list: true }, '', []],
    ['half a pair of surrogates of an entity', { selector: 'p' }, '<p>&#xd800;&#0;</p>', '\ufffd\ufffd'],
  ])('gives %s', (_, field, html, value) => {
    expect(valueOf(field, html)).toEqual(value);
  });
});

describe('an item', () => {
  const books: Declared = {
    items: [
      {
        kind: 'book',
        selector: 'article',
        key: ['url', 'edition'],
        fields: {
          title: { selector: 'h3', required: true },
          url: { selector: 'a', attribute: 'href', type: 'url' },
          edition: { attribute: 'data-edition', type: 'number' },
        },
      },
    ],
  };
  const book = (href: string, title: string): string =>
    `<article data-edition="2"><h3>${title}</h3><a href="${href}"></a></article>`;

  it('has its kind, the key in the order of the declaration, its fields, and where it was', () => {
    expect(read(books, book('/a', 'A')).items).toEqual([
      {
        kind: 'book',
        key: '["http://shop.example/a",2]',
        data: { title: 'A', url: 'http://shop.example/a', edition: 2 },
        url: PAGE,
      },
    ]);
  });

  it('is dropped, counted and told when a field of the key, or one that is required, is empty', () => {
    const page = book('/a', 'A') + book('mailto:b', 'B') + book('ftp://c', '') + book('/d', 'D');
    const { items, dropped, rules } = read(books, page);
    expect(items.map(({ data }) => data.title)).toEqual(['A', 'D']);
    expect(dropped).toBe(2);
    expect(rules).toEqual([
      {
        kind: 'book',
        applies: true,
        matches: 4,
        kept: 2,
        dropped: 2,
        filled: { title: 3, url: 2, edition: 4 },
        missing: [
          { match: 1, fields: ['url'] },
          { match: 2, fields: ['title', 'url'] },
        ],
      },
    ]);
  });

  it('can have what stands beside and above it, and `:scope` is the item', () => {
    const field = (selector: string): Declared => ({
      items: [{ selector: 'dt', key: ['name'], fields: { name: {}, value: { selector } } }],
    });
    const html = '<dl><dt>a<b>1</b></dt><dd>A</dd><dt>b</dt><dd>B</dd><dt>c</dt></dl>';
    const values = (selector: string): unknown[] =>
      read(field(selector), html).items.map(({ data }) => data.value);
    expect(values('+ dd')).toEqual(['A', 'B', null]);
    expect(values(':scope > b')).toEqual(['1', null, null]);
    expect(values('> b')).toEqual(['1', null, null]);
    expect(values('dl b')).toEqual(['1', null, null]);
  });

  it('of nested elements is each of them, and what is remembered of one is not taken for another', () => {
    const { items } = read(
      {
        items: [
          {
            selector: '.item',
            key: ['id'],
            fields: { id: { attribute: 'id' }, own: { selector: ':scope > p:contains("x") b' } },
          },
        ],
      },
      '<div class="item" id="1"><div class="item" id="2"><p>x<b>2</b></p></div><p>x<b>1</b></p></div>',
    );
    expect(items.map(({ data }) => data.own)).toEqual(['1', '2']);
  });

  it('of `:root` is the page, once, however the page is written', () => {
    const whole: Declared = {
      items: [{ selector: ':root', key: ['title'], fields: { title: { selector: 'h1' } } }],
    };
    for (const html of [
      '<h1>a</h1>',
      '<html><h1>a</h1></html><script></script><p></p>',
      'x<p></p><div><h1>a</h1>',
    ])
      expect(read(whole, html).items.map(({ key }) => key)).toEqual(['["a"]']);
  });

  it('is looked for on the pages of its rule only', () => {
    const rule = (pages: string): Declared => ({
      items: [{ pages, selector: 'p', key: ['a'], fields: { a: {} } }],
    });
    const found = (pages: string): number => read(rule(pages), '<p>a</p>').items.length;
    expect(found('/list/\\d+\\?sort=.*')).toBe(1);
    expect(found('/list/.*|/other')).toBe(1);
    expect(found('/list/')).toBe(0);
    expect(found('/li')).toBe(0);
    expect(read(rule('/x'), '<p>a</p>').rules[0]).toMatchObject({ applies: false, matches: 0 });
  });

  it('says that its changes are kept when the rule says so', () => {
    const declared = (history: boolean): Declared => ({
      items: [{ selector: 'p', key: ['a'], history, fields: { a: {} } }],
    });
    expect(read(declared(true), '<p>a</p>').items[0]).toHaveProperty('history', true);
    expect(read(declared(false), '<p>a</p>').items[0]).not.toHaveProperty('history');
  });
});

describe('links', () => {
  const links = (follow: Declared['follow'], html: string): string[] =>
    read({ items: [{ selector: 'p', key: ['a'], fields: { a: {} } }], follow }, html).links;

  it('are absolute, without fragments, each once, and lead to web pages', () => {
    const html = `<a href="3"></a><a href="3#top"></a><a href="#here"></a><a href="//other.example/"></a>
      <a href="javascript:x()"></a><a href="mailto:a@b.c"></a><a href="http://u:p@x.example/"></a><a>none</a>
      <a href="http://[half"></a><a href="/${'x'.repeat(9000)}"></a><link href="4">`;
    expect(links([{ selector: 'a' }], html)).toEqual([
      'http://shop.example/list/3',
      PAGE,
      'http://other.example/',
    ]);
  });

  it('are those of all rules that are for the page, and of any attribute', () => {
    const html = '<div data-next="/b"></div><a href="/a"></a>';
    expect(
      links(
        [{ selector: 'div', attribute: 'data-next' }, { selector: 'a' }, { selector: '*', pages: '/none' }],
        html,
      ),
    ).toEqual(['http://shop.example/b', 'http://shop.example/a']);
  });
});

describe('what a page can do', () => {
  const list: Declared = {
    items: [{ selector: 'p', key: ['text'], fields: { text: {}, all: { selector: 'b', list: true } } }],
    follow: [{ selector: 'a' }],
  };

  it('is bounded: long values, lists, items and links are cut, and that is counted', () => {
    const longText = read(list, `<p>${'😀'.repeat(40_000)}x</p>`);
    expect(longText).toMatchObject({ cut: 1, dropped: 0 });
    expect(longText.items[0]?.data.text).toBe('😀'.repeat(32_768));
    const misaligned = read(list, `<p>x${'😀'.repeat(40_000)}</p>`).items[0]?.data.text as string;
    expect([misaligned.length, misaligned.isWellFormed()]).toEqual([65_535, true]);

    const longList = read(list, `<p>${'<b>1</b>'.repeat(1001)}</p>`);
    expect(longList.items[0]?.data.all).toHaveLength(1000);
    expect(longList.cut).toBe(1);
    expect(read(list, `<p>${'<b>1</b>'.repeat(1000)}</p>`).cut).toBe(0);

    const manyItems = read(list, '<p>a</p>'.repeat(10_001));
    expect([manyItems.items.length, manyItems.cut]).toEqual([10_000, 1]);

    const manyLinks = read(list, Array.from({ length: 10_001 }, (_, n) => `<a href="/${n}"></a>`).join(''));
    expect([manyLinks.links.length, manyLinks.cut]).toEqual([10_000, 1]);
  });

  it.each([
    ['siblings', 'p:nth-last-child(2)', {}, `<div>${'<p>a</p>'.repeat(20_000)}</div>`],
    ['ancestors', 'q b b b b b b b b b b', {}, '<b>'.repeat(100)],
    [
      'a text for an expression',
      'p',
      { regex: '([a-z ]{1,300})([a-z ]{1,300})$' },
      `<p>${'a '.repeat(30_000)}</p>`.repeat(30),
    ],
    ['texts that contain each other', 'div', {}, '<div>'.repeat(1000).concat('x'.repeat(60_000))],
    [
      'HTML that contains itself',
      'div',
      { from: 'html' as const },
      '<div>'.repeat(1000).concat('x'.repeat(60_000)),
    ],
  ])('does not stop the process: %s', (_, selector, field, html) => {
    const declared: Declared = {
      items: [{ selector, key: ['url'], fields: { url: { from: 'url' }, field } }],
    };
    expect(() => read(declared, html)).toThrow(/^Reading http:\/\/shop\.example\/\S+ takes more than \d+ /);
  });

  it('leaves the next page what it may cost', () => {
    const reader = compileExtraction(extractionSchema.parse(list));
    const page = new HtmlPage(PAGE, `<p>${'x'.repeat(60_000)}</p>`.repeat(200));
    for (let round = 0; round < 3; round++) expect(reader.read(page).items).toHaveLength(200);
  });

  it('is nothing but JSON that databases store, whatever it is', () => {
    const everything: Declared = {
      items: [
        {
          selector: ':root, p, a',
          key: ['page'],
          fields: {
            page: { from: 'url' },
            text: {},
            html: { from: 'html' },
            cut: { regex: '.(.)' },
            number: { type: 'number' },
            date: { type: 'date' },
            url: { attribute: 'href', type: 'url' },
            list: { selector: '*', list: true },
          },
        },
      ],
      follow: [{ selector: 'a' }],
    };
    const reader = compileExtraction(extractionSchema.parse(everything));
    const piece = fc.oneof(
      fc.constantFrom(
        '<p>',
        '</p>',
        '<a href="',
        '">',
        '<b',
        '<!--',
        '-->',
        '&#x',
        '&amp',
        '😀',
        '\0',
        '1',
        ' ',
      ),
      fc.string({ unit: 'binary', maxLength: 10 }).map((text) => text.toWellFormed()),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const reading = reader.read(new HtmlPage(PAGE, pieces.join('')));
        expect(JSON.parse(JSON.stringify(reading))).toEqual(reading);
        // JSON.stringify writes a lone surrogate, as it does NUL, as an escape.
        expect(JSON.stringify(reading)).not.toMatch(/\\u(?:0000|d[89a-f])/);
      }),
    );
  });
});
