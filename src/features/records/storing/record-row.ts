import { createHash } from 'node:crypto';
import type { JsonValue, RecordItem } from '../record-item.js';

/** A record as a batch brings it: all that its pages said of it together. */
export interface RecordRow {
  /** SHA-256 of kind and key, in hex. */
  hash: string;
  kind: string;
  key: string;
  /** JSON object of the fields that have a value. */
  data: string;
  url: string;
  history: boolean;
}

/**
 * One row for each record of a batch, in the order of their hashes. A list and a detail page can tell different fields
 * of one record, so items with the same key are merged: where both have a value, the later one counts.
 */
export function toRows(items: readonly RecordItem[]): RecordRow[] {
  const merged = new Map<string, RecordItem>();
  for (const item of items) {
    const hash = recordHash(item.kind, item.key);
    const data = { ...merged.get(hash)?.data, ...filled(item.data) };
    merged.set(hash, { ...item, data });
  }
  return [...merged]
    .map(([hash, { kind, key, data, url, history = false }]) => ({
      hash,
      kind,
      key,
      data: toStorableJson(data),
      url,
      history,
    }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1));
}

/** Key of a record, as hex SHA-256. A kind has no line break. */
export function recordHash(kind: string, key: string): string {
  return createHash('sha256').update(`${kind}\n${key}`).digest('hex');
}

/** Only the fields that have a value. */
function filled(data: RecordItem['data']): RecordItem['data'] {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => !isEmpty(value)));
}

/** Whether a value says no more than that nothing was found: it must never take the place of one that was. */
function isEmpty(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.every(isEmpty);
  return value === null || value === '';
}

/** How JSON.stringify writes what PostgreSQL's jsonb does not take: NUL, and halves of characters. */
const NOT_STORABLE = /\\u(?:0000|d[89a-f])/;

/** JSON without what jsonb refuses: one page with such a character must not keep its whole batch from being stored. */
function toStorableJson(data: RecordItem['data']): string {
  const json = JSON.stringify(data);
  if (!NOT_STORABLE.test(json)) return json;
  return JSON.stringify(data, (_, value: JsonValue) =>
    typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed() : value,
  );
}
