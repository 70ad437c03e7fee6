import { compile, selectAll, selectOne } from 'css-select';
import type { AnyNode, Document, Element } from 'domhandler';
import { textContent } from 'domutils';
import { parsePage } from './page-tree.js';

type Query = ReturnType<typeof compile>;

/** Selectors are constants of spiders, so each is compiled once for the life of the process. */
const compiled = new Map<string, Query>();

/** A parsed page, with what spiders ask of it. Entities are decoded; text is as written, not trimmed. */
export class HtmlPage {
  readonly document: Document;
  private base: string | undefined;

  /** @throws PageTooDeepError, before which nothing of a page can stop the process for long. */
  constructor(
    readonly url: string,
    html: string,
  ) {
    // As the HTML Standard's tokenizer does; PostgreSQL stores no NUL.
    this.document = parsePage(html.replaceAll('\0', '\ufffd'));
  }

  /** What relative links are relative to: the URL of the page, unless its `<base>` says something else. */
  get baseUrl(): string {
    return (this.base ??= URL.parse(this.attribute('base[href]', 'href') ?? '', this.url)?.href ?? this.url);
  }

  all(selector: string, within: AnyNode = this.document): Element[] {
    return selectAll<AnyNode, Element>(query(selector), within);
  }

  first(selector: string, within: AnyNode = this.document): Element | undefined {
    return selectOne<AnyNode, Element>(query(selector), within) ?? undefined;
  }

  /** Text of the first match, empty when there is none. */
  text(selector: string, within?: AnyNode): string {
    const element = this.first(selector, within);
    return element ? textContent(element) : '';
  }

  /** Text of an element and all that is in it. */
  textOf(element: Element): string {
    return textContent(element);
  }

  /** Attribute of the first match, `undefined` when there is none. */
  attribute(selector: string, name: string, within?: AnyNode): string | undefined {
    return this.first(selector, within)?.attribs[name];
  }

  /** Absolute form of a link of this page; `undefined` when it is not a URL. */
  resolve(href: string): string | undefined {
    return URL.parse(href, this.baseUrl)?.href;
  }
}

function query(selector: string): Query {
  let known = compiled.get(selector);
  if (!known) {
    known = compile(selector);
    compiled.set(selector, known);
  }
  return known;
}
