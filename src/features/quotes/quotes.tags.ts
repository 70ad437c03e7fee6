/** Changes whenever a scrape has stored something: quotes, authors and tags are stored together. */
export const QUOTES_TAG = 'quotes';

/** Slug of the built-in source. */
export const QUOTES_SOURCE = 'quotes';
