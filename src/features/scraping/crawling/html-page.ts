import { compile, selectAll, selectOne } from 'css-select';
import type { AnyNode, Document, Element } from 'domhandler';
import { textContent } from 'domutils';
import { parseDocument } from 'htmlparser2';

type Query = ReturnType<typeof compile>;

/** Selectors are constants of spiders, so each is compiled once for the life of the process. */
const compiled = new Map<string, Query>();

/** A parsed page, with what spiders ask of it. Entities are decoded; text is as written, not trimmed. */
export class HtmlPage {
  private readonly document: Document;

  constructor(
    readonly url: string,
    html: string,
  ) {
    // As the HTML Standard's tokenizer does; PostgreSQL stores no NUL.
    this.document = parseDocument(html.replaceAll('\0', '\ufffd'));
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
    return URL.canParse(href, this.url) ? new URL(href, this.url).href : undefined;
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
