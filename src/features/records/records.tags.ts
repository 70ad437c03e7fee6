/**
 * Changes whenever a scrape has stored records, of whichever source: every process watches every tag, and sources are
 * not a bounded set.
 */
export const RECORDS_TAG = 'records';
