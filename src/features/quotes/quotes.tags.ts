/** Changes whenever a scrape has stored something: quotes, authors and tags are stored together. */
export const QUOTES_TAG = 'quotes';
