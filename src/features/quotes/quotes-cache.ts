/** Cache namespace of everything read from quotes, authors and tags: a scrape changes them together. */
export const QUOTES_CACHE = 'quotes';
