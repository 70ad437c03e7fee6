import 'reflect-metadata';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseYaml } from '../../src/core/yaml/index.js';
import type { AuthorItem, QuotesItem } from '../../src/features/quotes/scraping/quote-item.js';
import { QuotesSpider } from '../../src/features/quotes/scraping/quotes.spider.js';
import { compileExtraction, type PageReading } from '../../src/features/records/extraction/page-reader.js';
import { HtmlPage } from '../../src/features/scraping/index.js';
import {
  type SourceDefinition,
  sourceDefinitionSchema,
} from '../../src/features/sources/definition/source-definition.js';
import { type Site, startSite } from '../fixtures/site/index.ts';

const DIRECTORY = new URL('../../docs/sources/', import.meta.url);

function example(name: string): SourceDefinition {
  return sourceDefinitionSchema.parse(parseYaml(readFileSync(new URL(name, DIRECTORY), 'utf8')));
}

/** The example in the guide. */
function guideExample(): SourceDefinition {
  const guide = readFileSync(new URL('../declared-sources.md', DIRECTORY), 'utf8');
  const yaml = /```yaml\n(.*?)```/s.exec(guide)?.[1] ?? '';
  return sourceDefinitionSchema.parse(parseYaml(yaml));
}

describe('the examples in the documentation', () => {
  it.each(readdirSync(DIRECTORY))('%s can be declared as it is', (name) => {
    expect(name).toMatch(/\.yaml$/);
    expect(example(name).extraction.items).not.toEqual([]);
  });

  it('in the guide can, too', () => {
    expect(guideExample().slug).toBe('books-in-brief');
  });
});

describe('the quotes, declared', () => {
  const reader = compileExtraction(example('quotes.yaml').extraction);
  const spider = new QuotesSpider(undefined as never);
  let site: Site;
  beforeAll(async () => {
    site = await startSite();
  });
  afterAll(() => site.close());

  /** Every page that either way of reading leads to, read both ways. */
  async function crawl(): Promise<{ byCode: Read[]; byDeclaration: PageReading[] }> {
    const byCode: Read[] = [];
    const byDeclaration: PageReading[] = [];
    const pages = new Map([[`${site.url}/`, 'quotes']]);
    for (const [url, callback] of pages) {
      const page = new HtmlPage(url, await (await fetch(url)).text());
      const outputs = [...spider.parse(page, callback)];
      const requests = outputs.flatMap((output) => ('request' in output ? [output.request] : []));
      for (const request of requests) pages.set(request.url, request.callback);
      byCode.push({
        items: outputs.flatMap((output) => ('item' in output ? [output.item] : [])),
        links: [...new Set(requests.map((request) => request.url))],
      });
      byDeclaration.push(reader.read(page));
    }
    return { byCode, byDeclaration };
  }

  interface Read {
    items: QuotesItem[];
    links: string[];
  }

  it('give the same items and the same links on every page as by the spider', async () => {
    const { byCode, byDeclaration } = await crawl();
    expect(byCode.flatMap(({ items }) => items)).toHaveLength(
      site.expected.quotes.length + site.expected.authors.length,
    );
    expect(byDeclaration.map(({ items }) => items.map(({ kind, data }) => asCode(kind, data)))).toEqual(
      byCode.map(({ items }) => items),
    );
    expect(byDeclaration.map(({ links }) => [...links].sort())).toEqual(
      byCode.map(({ links }) => links.sort()),
    );
    expect(byDeclaration.every(({ dropped, cut }) => dropped === 0 && cut === 0)).toBe(true);
  });

  it('have no author where the site answers with an empty page', async () => {
    const url = `${site.url}/author/Nobody`;
    const { items, dropped } = reader.read(new HtmlPage(url, await (await fetch(url)).text()));
    expect({ items, dropped }).toEqual({ items: [], dropped: 1 });
  });
});

/** A record in the form of the items of the spider, which decodes what stands in a URL. */
function asCode(kind: string, data: Record<string, unknown>): QuotesItem {
  if (kind === 'quote') {
    const { text, author, authorSlug, tags } = data as { [name: string]: string } & { tags: string[] };
    return {
      kind,
      text,
      authorSlug: decodeURIComponent(authorSlug ?? ''),
      authorName: author,
      tags,
    } as QuotesItem;
  }
  const { slug, ...author } = data as unknown as AuthorItem;
  return { ...author, kind: 'author', slug: decodeURIComponent(slug) };
}

describe('the books, declared', () => {
  const reader = compileExtraction(example('books.yaml').extraction);
  const read = (path: string, html: string): PageReading =>
    reader.read(new HtmlPage(`http://shop.example${path}`, html));

  const book = (rest = ''): string => `
    <ul class="breadcrumb"><li><a href="../../index.html">Home</a></li><li><a href="../page-1.html">Books</a></li>
      <li><a href="../category/books/travel/index.html">Travel</a></li><li class="active">A Light</li></ul>
    <article class="product_page"><div class="product_main"><h1>A Light</h1><p class="price_color">£1,051.77</p>
      <p class="instock availability"><i class="icon-ok"></i>

        In stock (22 available)
      </p><p class="star-rating Three"><i class="icon-star"></i></p></div>${rest}
      <table class="table"><tr><th>UPC</th><td>a897</td></tr>
        <tr><th>Price (excl. tax)</th><td>£1,000.00</td></tr><tr><th>Price (incl. tax)</th><td>£1,051.77</td></tr>
      </table></article>`;

  it('give a book of each page that is one, and its category', () => {
    const { items, links, dropped } = read(
      '/catalogue/a-light_1/index.html',
      book('<div id="product_description"><h2>Product Description</h2></div><p>It’s hard.</p>'),
    );
    expect(items.map(({ kind, key, data }) => ({ kind, key, data }))).toEqual([
      {
        kind: 'book',
        key: '["a897"]',
        data: {
          upc: 'a897',
          title: 'A Light',
          price: 1051.77,
          priceWithoutTax: 1000,
          rating: 3,
          available: true,
          stock: 22,
          description: 'It’s hard.',
          url: 'http://shop.example/catalogue/a-light_1/index.html',
        },
      },
      {
        kind: 'category',
        key: '["http://shop.example/catalogue/category/books/travel/index.html"]',
        data: { name: 'Travel', url: 'http://shop.example/catalogue/category/books/travel/index.html' },
      },
    ]);
    expect({ links, dropped }).toEqual({ links: [], dropped: 0 });
  });

  it('have no description where the page has none', () => {
    expect(read('/catalogue/a_1/index.html', book()).items[0]?.data).toMatchObject({ description: null });
  });

  it('are found by the relative links of the lists', () => {
    const list = `<article class="product_pod"><div><a href="catalogue/a_1/index.html"><img></a></div>
      <h3><a href="catalogue/a_1/index.html" title="A Light">A ...</a></h3></article>
      <ul class="pager"><li class="next"><a href="catalogue/page-2.html">next</a></li></ul>`;
    expect(read('/index.html', list)).toMatchObject({
      items: [],
      links: ['http://shop.example/catalogue/page-2.html', 'http://shop.example/catalogue/a_1/index.html'],
    });
  });
});
