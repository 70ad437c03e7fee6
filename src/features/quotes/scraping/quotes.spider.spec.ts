import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Site, startSite } from '../../../../test/fixtures/site/index.ts';
import { HtmlPage } from '../../scraping/index.js';
import type { AuthorItem, QuoteItem } from './quote-item.js';
import { QuotesSpider } from './quotes.spider.js';

// Parsing stores nothing, so there is no pipeline to give.
const spider = new QuotesSpider(undefined as never);

interface Found {
  items: (QuoteItem | AuthorItem)[];
  requests: { url: string; callback: string }[];
}

function parse(html: string, url = 'http://site.example/', callback = 'quotes'): Found {
  const outputs = [...spider.parse(new HtmlPage(url, html), callback)];
  return {
    items: outputs.flatMap((output) => ('item' in output ? [output.item] : [])),
    requests: outputs.flatMap((output) => ('request' in output ? [output.request] : [])),
  };
}

interface Parts {
  text?: string;
  author?: string;
  href?: string;
  tags?: string;
}

const quoteHtml = ({
  text = '“To glean.”',
  author = 'Ada Vale',
  href = '/author/Ada-Vale',
  tags = '',
}: Parts = {}): string =>
  `<div class="quote"><span class="text">${text}</span>
   <span>by <small class="author">${author}</small><a href="${href}">(about)</a></span>
   <div class="tags">Tags: ${tags}</div></div>`;

const quoteIn = (parts: Parts): QuoteItem => parse(quoteHtml(parts)).items[0] as QuoteItem;
const authorHtml = (born: string, name = 'Ada Vale'): string =>
  `<h3 class="author-title">${name}</h3><span class="author-born-date">${born}</span>
   <span class="author-born-location">in Ulm, Germany</span><div class="author-description"> A life. </div>`;
const authorIn = (html: string, path = '/author/Ada-Vale/'): AuthorItem | undefined =>
  parse(html, `http://site.example${path}`, 'author').items[0] as AuthorItem | undefined;

describe('the whole site', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite();
  });
  afterAll(() => site.close());

  const read = async (url: string, callback: string): Promise<Found> => {
    const response = await fetch(url);
    return parse(await response.text(), response.url, callback);
  };

  it('gives every quote as it was said, with author and tags and without the tags of the sidebar', async () => {
    const quotes: unknown[] = [];
    const [start] = spider.startRequests({ startUrls: [`${site.url}/`] });
    for (let next = start; next;) {
      const { items, requests } = await read(next.url, next.callback);
      quotes.push(...items);
      next = requests.find(({ callback }) => callback === 'quotes');
    }
    expect(quotes).toEqual(
      site.expected.quotes.map(({ text, authorSlug, authorNameInQuote, tags }) => ({
        kind: 'quote',
        text,
        authorSlug,
        authorName: authorNameInQuote,
        tags,
      })),
    );
  });

  it('gives every author, under the slug that quotes use', async () => {
    for (const { slug, name, bornDate, bornLocation, description } of site.expected.authors) {
      const { items, requests } = await read(`${site.url}/author/${slug}`, 'author');
      expect(requests).toEqual([]);
      expect(items).toEqual([
        {
          kind: 'author',
          slug,
          name,
          bornOn: new Date(`${bornDate} UTC`).toISOString().slice(0, 10),
          bornLocation: bornLocation.replace('in ', ''),
          description,
        },
      ]);
    }
  });

  it('gives nothing for an author whom the site does not know and answers with an empty page', async () => {
    expect(await read(`${site.url}/author/Nobody/`, 'author')).toEqual({ items: [], requests: [] });
  });
});

describe('the text of a quote', () => {
  it.each([
    ['“plain”', 'plain'],
    ['  “padded”\n', 'padded'],
    ['“the “inner” one”', 'the “inner” one'],
    ['““inner” first”', '“inner” first'],
    ['“last “inner””', 'last “inner”'],
    ['““all of it inner””', '“all of it inner”'],
    ['“two\nlines”', 'two\nlines'],
    ['no quotation marks', 'no quotation marks'],
    ['“only before', '“only before'],
    ['"straight"', '"straight"'],
    ['“a &amp; b &lt;3”', 'a & b <3'],
    ['“with <em>emphasis</em>”', 'with emphasis'],
  ])('%j is %j', (written, text) => {
    expect(quoteIn({ text: written }).text).toBe(text);
  });

  it.each(['', '“”', '“ ”', '   '])(
    '%j is none, and makes no item; its author is still looked up',
    (text) => {
      const { items, requests } = parse(quoteHtml({ text }));
      expect(items).toEqual([]);
      expect(requests).toHaveLength(1);
    },
  );
});

describe('the tags of a quote', () => {
  it('are none when it has none, whatever tags stand elsewhere on the page', () => {
    const sidebar = '<div class="tags-box"><span class="tag-item"><a class="tag">love</a></span></div>';
    const other = quoteHtml({ text: '“Other.”', tags: '<a class="tag">life</a>' });
    const { items } = parse(quoteHtml() + other + sidebar);
    expect(items).toMatchObject([{ tags: [] }, { tags: ['life'] }]);
  });

  it('are in the order of the page, each once, without blanks', () => {
    const tags = ['b', ' a ', 'b', ''].map((tag) => `<a class="tag">${tag}</a>`).join('');
    expect(quoteIn({ tags }).tags).toEqual(['b', 'a']);
  });
});

describe('the author of a quote', () => {
  it.each([
    ['/author/Ada-Vale', 'Ada-Vale', 'http://site.example/author/Ada-Vale'],
    ['/author/Ada-Vale/', 'Ada-Vale', 'http://site.example/author/Ada-Vale/'],
    ['/author/Ada-Vale?from=list', 'Ada-Vale', 'http://site.example/author/Ada-Vale?from=list'],
    ['/author/Andr%C3%A9', 'André', 'http://site.example/author/Andr%C3%A9'],
    ['/author/André', 'André', 'http://site.example/author/Andr%C3%A9'],
    ['/author/100%', '100%', 'http://site.example/author/100%'],
    ['http://site.example/author/Ada-Vale', 'Ada-Vale', 'http://site.example/author/Ada-Vale'],
    ['/shard/1/author/Ada-Vale', 'Ada-Vale', 'http://site.example/shard/1/author/Ada-Vale'],
  ])('is known by the link %s', (href, authorSlug, url) => {
    const { items, requests } = parse(quoteHtml({ href }), 'http://site.example/page/2/');
    expect(items).toMatchObject([{ authorSlug, authorName: 'Ada Vale' }]);
    expect(requests).toEqual([{ url, callback: 'author' }]);
  });

  it('must have a link: a quote without one is left out', () => {
    expect(parse(quoteHtml({ href: '/somebody' }))).toEqual({ items: [], requests: [] });
  });

  it('has a slug that PostgreSQL can store, or none: text with NUL would fail the whole batch', () => {
    const { items } = parse(
      quoteHtml({ href: '/author/%00' }) + quoteHtml({ text: '“a\0b”', tags: '<a class="tag">\0</a>' }),
    );
    expect(JSON.stringify(items)).not.toContain(String.raw`\u0000`);
  });
});

describe('the link to the next page', () => {
  it('is followed, resolved against this one', () => {
    const next =
      '<ul class="pager"><li class="previous"><a href="/">x</a></li><li class="next"><a href="../3/">x</a></li></ul>';
    expect(parse(next, 'http://site.example/page/2/').requests).toEqual([
      { url: 'http://site.example/page/3/', callback: 'quotes' },
    ]);
  });

  it.each(['<li class="next"><a>x</a></li>', '<li class="next"><a href="http://[half">x</a></li>', ''])(
    'is not there in %j',
    (html) => {
      expect(parse(html).requests).toEqual([]);
    },
  );
});

describe('the page of an author', () => {
  it.each([
    ['March 14, 1879', '1879-03-14'],
    ['march 01, 1879', '1879-03-01'],
    ['February 29, 1904', '1904-02-29'],
    ['December 9, 0065', '0065-12-09'],
    ['February 30, 1904', null],
    ['February 29, 1900', null],
    ['June 31, 1800', null],
    ['March 0, 1879', null],
    ['Brumaire 18, 1799', null],
    ['March 14, 79', null],
    ['14 March 1879', null],
    ['1879-03-14', null],
    ['constructor 1, 1900', null],
    ['', null],
  ])('born on %j gives %j', (born, bornOn) => {
    expect(authorIn(authorHtml(born))?.bornOn).toBe(bornOn);
  });

  it('leaves open what it does not say', () => {
    expect(authorIn('<h3 class="author-title"> Ada Vale </h3>')).toEqual({
      kind: 'author',
      slug: 'Ada-Vale',
      name: 'Ada Vale',
      bornOn: null,
      bornLocation: null,
      description: null,
    });
  });

  it('gives nothing without a name, or without a slug in its address', () => {
    expect(authorIn(authorHtml('March 14, 1879', ' '))).toBeUndefined();
    expect(authorIn(authorHtml('March 14, 1879'), '/login')).toBeUndefined();
  });
});
