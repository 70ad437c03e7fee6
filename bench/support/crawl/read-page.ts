import { compile, selectAll, selectOne } from 'css-select';
import type { AnyNode, Element } from 'domhandler';
import { textContent } from 'domutils';
import { parseDocument } from 'htmlparser2';
import type { AuthorItem, QuoteItem } from './items.ts';

const QUOTE = compile('div.quote');
const TEXT = compile('.text');
const AUTHOR = compile('.author');
const ABOUT = compile('a[href*="/author/"]');
const TAGS = compile('.tags a.tag');
const NEXT = compile('li.next > a');
const NAME = compile('h3.author-title');
const BORN_ON = compile('.author-born-date');
const BORN_IN = compile('.author-born-location');
const DESCRIPTION = compile('.author-description');

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

export interface ReadPage {
  quotes: QuoteItem[];
  authors: AuthorItem[];
  /** As on the page. */
  links: string[];
}

/** Reads a page as the spider of Gleaner does, with the same libraries and none of its code. */
export function readPage(path: string, html: string): ReadPage {
  const document = parseDocument(html);
  if (path.includes('/author/')) return { quotes: [], authors: [readAuthor(path, document)], links: [] };
  const links: string[] = [];
  const quotes = selectAll<AnyNode, Element>(QUOTE, document).map((element) => {
    const about = hrefOf(ABOUT, element);
    links.push(about);
    return readQuote(element, about);
  });
  const next = hrefOf(NEXT, document);
  if (next) links.push(next);
  return { quotes, authors: [], links };
}

function readQuote(element: Element, about: string): QuoteItem {
  const text = textOf(TEXT, element);
  return {
    text: /^“(.*)”$/su.exec(text)?.[1] ?? text,
    authorSlug: slugOf(about),
    authorName: textOf(AUTHOR, element),
    tags: selectAll<AnyNode, Element>(TAGS, element).map((tag) => textContent(tag).trim()),
  };
}

function readAuthor(path: string, document: AnyNode): AuthorItem {
  return {
    slug: slugOf(path),
    name: textOf(NAME, document),
    bornOn: dateOf(textOf(BORN_ON, document)),
    bornLocation: textOf(BORN_IN, document).replace(/^in\s+/, '') || null,
    description: textOf(DESCRIPTION, document) || null,
  };
}

function textOf(query: typeof TEXT, within: AnyNode): string {
  const element = selectOne<AnyNode, Element>(query, within);
  return element ? textContent(element).trim() : '';
}

function hrefOf(query: typeof ABOUT, within: AnyNode): string {
  return selectOne<AnyNode, Element>(query, within)?.attribs['href'] ?? '';
}

function slugOf(path: string): string {
  return decodeURIComponent(/\/author\/([^/?#]+)/.exec(path)?.[1] ?? '');
}

/** “March 14, 1879” as 1879-03-14. */
function dateOf(text: string): string | null {
  const [, month = '', day = '', year = ''] = /^(\p{L}+) (\d{1,2}), (\d{4})$/u.exec(text) ?? [];
  const number = MONTHS.indexOf(month) + 1;
  return number > 0 ? `${year}-${String(number).padStart(2, '0')}-${day.padStart(2, '0')}` : null;
}
