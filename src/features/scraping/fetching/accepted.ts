import { decodeHtml, decodeText } from './decode.js';

/**
 * What may come: pages; sitemaps, also as gzip files; or text, which is robots.txt. Servers say nothing or anything of
 * that one, and what is none says nothing in it.
 */
export type Accepted = 'html' | 'xml' | 'text';

interface Acceptable {
  /** How it is asked for. */
  readonly header: string;
  /** Content types that it may come as; an absent one is empty. */
  readonly types: RegExp;
  /** How an error names it. */
  readonly expected: string;
  readonly decode: (body: Uint8Array, contentType: string) => string;
}

export const acceptable: Readonly<Record<Accepted, Acceptable>> = {
  html: {
    header: 'text/html,application/xhtml+xml;q=0.9',
    types: /^(text\/html|application\/xhtml\+xml)\b|^$/i,
    expected: 'HTML',
    decode: decodeHtml,
  },
  xml: {
    header: 'application/xml,text/xml;q=0.9,*/*;q=0.1',
    types:
      /^(application\/([\w.-]+\+)?xml|text\/xml|text\/plain|application\/(x-)?gzip|application\/octet-stream)\b|^$/i,
    expected: 'XML, or XML in a gzip file',
    decode: decodeText,
  },
  text: { header: 'text/plain,*/*;q=0.1', types: /^/, expected: 'text', decode: decodeText },
};
