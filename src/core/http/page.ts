import { z } from 'zod';
import { parseJson } from '../json/index.js';

/** A page of a list: `nextCursor` is null on the last page. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** Answer schema of a list of `item`. */
export function pageSchema<S extends z.ZodType>(item: S) {
  return z.object({
    items: z.array(item),
    nextCursor: z
      .string()
      .nullable()
      .describe('Give it back as `cursor` for the next page; null on the last'),
  });
}

const MAX_LIMIT = 100;

/** A time as part of a keyset. ISO 8601 and zod have a year 0; PostgreSQL, which compares it, has none. */
export const keyTime = z.iso.datetime().refine((text) => !text.startsWith('0000'));

/** The two query parameters of every list: `limit` (1 to 100, default 20) and an opaque keyset `cursor`. */
export function pageQuery<K extends CursorKey>(key: K) {
  const limit = `expected a whole number from 1 to ${MAX_LIMIT}`;
  return {
    limit: z.coerce.number(limit).int(limit).min(1, limit).max(MAX_LIMIT, limit).default(20),
    cursor: cursorSchema(key).optional(),
  };
}

/** The columns of a keyset, in their order, each with the schema of its value. */
type CursorKey = z.ZodTuple;

function cursorSchema<K extends CursorKey>(key: K) {
  const expected = 'expected the nextCursor of an earlier answer of this list';
  return (
    z
      .string()
      // A key of 1000 characters, which are up to 3 bytes each, in base64.
      .max(5000, expected)
      .transform((text, context): z.output<K> => {
        const parsed = key.safeParse(parseJson(Buffer.from(text, 'base64url').toString('utf8')));
        if (parsed.success) return parsed.data;
        context.issues.push({ code: 'custom', message: expected, input: text });
        return z.NEVER;
      })
  );
}

/**
 * Cuts `rows`, fetched with `limit + 1`, to a page. The extra row only tells whether there is a next page;
 * the cursor is the key of the last row that is shown.
 */
export function toPage<R, T>(
  rows: readonly R[],
  limit: number,
  keyOf: (row: R) => readonly unknown[],
  toItem: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return {
    items: shown.map(toItem),
    nextCursor: last === undefined ? null : cursorOf(keyOf(last)),
  };
}

/** The cursor of a page that ends with this key. */
export function cursorOf(key: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}
