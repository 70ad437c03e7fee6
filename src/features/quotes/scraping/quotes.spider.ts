import { Injectable } from '@nestjs/common';
import type { Element } from 'domhandler';
import {
  type HtmlPage,
  type ScrapeRequest,
  type Spider,
  SpiderFor,
  type SpiderOutput,
} from '../../scraping/index.js';
import type { Source } from '../../sources/index.js';
import type { AuthorItem, QuoteItem, QuotesItem } from './quote-item.js';
import { QuotesPipeline } from './quotes.pipeline.js';

export const QUOTES_SPIDER = 'quotes';

/** Reads a quotes-to-scrape site: its pages of quotes one after another, and the page of each author. */
@Injectable()
@SpiderFor(QUOTES_SPIDER)
export class QuotesSpider implements Spider<QuotesItem> {
  constructor(readonly pipeline: QuotesPipeline) {}

  version(): string {
    return '1';
  }

  startRequests({ startUrls }: Pick<Source, 'startUrls'>): ScrapeRequest[] {
    return startUrls.map((url) => ({ url, callback: 'quotes' }));
  }

  *parse(page: HtmlPage, callback: string): Iterable<SpiderOutput<QuotesItem>> {
    if (callback === 'author') yield* this.parseAuthor(page);
    else yield* this.parseQuotes(page);
  }

  describe({ kind, ...fields }: QuotesItem): { kind: string; fields: Record<string, unknown> } {
    return { kind, fields };
  }

  private *parseQuotes(page: HtmlPage): Iterable<SpiderOutput<QuotesItem>> {
    for (const element of page.all('div.quote')) {
      const href = page.attribute('a[href*="/author/"]', 'href', element) ?? '';
      const item = quoteOf(page, element, href);
      if (item) yield { item };
      yield* follow(page, href, 'author');
    }
    yield* follow(page, page.attribute('li.next > a', 'href') ?? '', 'quotes');
  }

  private *parseAuthor(page: HtmlPage): Iterable<SpiderOutput<QuotesItem>> {
    const name = page.text('h3.author-title').trim();
    const slug = slugOf(page.url);
    // The site answers an unknown author with an empty page and status 200.
    if (name === '' || !isKey(slug)) return;
    const item: AuthorItem = {
      kind: 'author',
      slug,
      name,
      bornOn: dateOf(page.text('.author-born-date').trim()),
      bornLocation:
        page
          .text('.author-born-location')
          .trim()
          .replace(/^in\s+/, '') || null,
      description: page.text('.author-description').trim() || null,
    };
    yield { item };
  }
}

function* follow(page: HtmlPage, href: string, callback: string): Iterable<SpiderOutput<QuotesItem>> {
  const url = href === '' ? undefined : page.resolve(href);
  if (url !== undefined) yield { request: { url, callback } };
}

function quoteOf(page: HtmlPage, element: Element, authorHref: string): QuoteItem | undefined {
  const text = unquote(page.text('.text', element).trim());
  const authorSlug = slugOf(authorHref);
  if (text === '' || !isKey(authorSlug)) return undefined;
  const tags = page.all('.tags a.tag', element).map((tag) => page.textOf(tag).trim());
  return {
    kind: 'quote',
    text,
    authorSlug,
    authorName: page.text('.author', element).trim(),
    tags: [...new Set(tags.filter(isKey))],
  };
}

/** What the API can be asked for: something longer is no slug or tag, but a page that went wrong. */
const isKey = (value: string): boolean => value !== '' && value.length <= 200;

/** Exactly one pair: what stands inside belongs to the quote. */
const unquote = (text: string): string => /^“(.*)”$/su.exec(text)?.[1]?.trim() ?? text;

/** The slug in `/author/SLUG` and `/author/SLUG/`, relative or absolute. */
function slugOf(href: string): string {
  const raw = /\/author\/([^/?#]+)\/?(?:[?#]|$)/.exec(href)?.[1] ?? '';
  try {
    // Control characters could be neither stored (NUL) nor asked for (see `text`).
    return decodeURIComponent(raw).replace(/\p{Cc}/gu, '');
  } catch {
    return raw; // Not percent-encoded after all; as it stands it is still one author's own.
  }
}

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);

/** "March 14, 1879" as 1879-03-14; null for what is not a date. */
function dateOf(text: string): string | null {
  const [, monthName = '', day = '', year = ''] = /^(\p{L}+) (\d{1,2}), (\d{4})$/u.exec(text) ?? [];
  const month = MONTHS.indexOf(monthName.toLowerCase()) + 1;
  const iso = `${year}-${String(month).padStart(2, '0')}-${day.padStart(2, '0')}`;
  // Months that do not exist make no date, and the 31st of February rolls over to another day.
  const date = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(iso) ? iso : null;
}
