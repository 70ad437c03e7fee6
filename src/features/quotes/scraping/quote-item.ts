import { hash } from 'node:crypto';

/** What a quotes page says. */
export interface QuoteItem {
  kind: 'quote';
  text: string;
  authorSlug: string;
  authorName: string;
  tags: string[];
}

/** What an author's page says. */
export interface AuthorItem {
  kind: 'author';
  slug: string;
  name: string;
  /** ISO date, null when the page has none that can be read. */
  bornOn: string | null;
  bornLocation: string | null;
  description: string | null;
}

export type QuotesItem = QuoteItem | AuthorItem;

/**
 * Key of a quote, as hex SHA-256. Two texts that differ only in case, white space, or in how their characters are
 * composed are the same quote.
 */
export function quoteHash(text: string): string {
  const normalised = text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
  return hash('sha256', normalised, 'hex');
}
