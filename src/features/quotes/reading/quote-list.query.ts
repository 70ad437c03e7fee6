import { Parameters } from '../../../core/database/index.js';

/**
 * How a list of quotes is read at a bounded cost, whatever is asked and whatever the tables hold.
 *
 * 1. One condition drives: its index gives the quotes newest first. It is the one that has the fewest quotes: an
 *    author or a tag (which count theirs), else the source, else all quotes.
 * 2. The other conditions are checked row by row, on at most {@link WINDOW} rows (a tag's: {@link TAG_WINDOW}). When these do not fill the page, it
 *    is answered as it is, with a cursor to where reading stopped: going on from there finds the rest. So a page may
 *    be short, but none takes long, and following the cursors gives every quote exactly once.
 * 3. Rare words (at most {@link RARE_MATCHES}, the planner estimates) drive themselves, through the text index, which
 *    has no order: all matches are read and sorted. Should they turn out to be more than WINDOW, the statistics are
 *    wrong; reading stops there, says so, and the caller goes back to 2.
 */
export const WINDOW = 5000;
/** Of a tag's list fewer are checked: each of them has to be looked up in the table of quotes, anywhere in it. */
const TAG_WINDOW = 1000;
export const RARE_MATCHES = 2000;

/** A condition with the number of quotes that meet it. */
interface Condition<T> {
  value: T;
  quotes: number;
}

export interface QuoteListQuery {
  limit: number;
  /** Key of the last quote of the page before. */
  cursor?: readonly [createdAt: string, id: number] | undefined;
  authorId?: Condition<string>;
  tag?: Condition<{ id: string; name: string }>;
  sourceId?: string;
  words?: Condition<string>;
}

export interface Statement {
  sql: string;
  values: unknown[];
}

const COLUMNS = `q.id, q.text, q.tags, q.created_at AS "firstScraped", q.last_scraped AS "lastScraped",
  q.scraped_count AS "scrapedCount",
  (SELECT jsonb_build_object('slug', a.slug, 'name', a.name) FROM author a WHERE a.id = q.author_id) AS author,
  (SELECT s.slug FROM source s WHERE s.id = q.source_id) AS source`;

/** Quotes as the API shows them, to be followed by WHERE. */
export const SELECT_QUOTES = `SELECT ${COLUMNS} FROM quote q`;

/** Instead of a quote: reading stopped at this key, or, without one, before it knew which quotes are the newest. */
const STOPPED = `id, NULL, NULL, created_at, NULL, NULL, NULL, NULL`;

/** Whether the words of the query are few enough to drive; see above. */
function wordsDrive({ words, authorId, tag }: QuoteListQuery): boolean {
  if (!words || words.quotes > RARE_MATCHES) return false;
  return words.quotes <= Math.min(authorId?.quotes ?? Infinity, tag?.quotes ?? Infinity);
}

/** The statement for a page and, when there are more, the first quote of the next. */
export function quoteListStatement(query: QuoteListQuery): Statement {
  const parameters = new Parameters();
  const sql = wordsDrive(query) ? byWords(query, parameters) : byOrder(query, parameters);
  return { sql, values: parameters.values };
}

/** The list that drives, and what is left to check. */
interface Driver {
  table: 'quote' | 'quote_tag';
  id: 'id' | 'quote_id';
  /** Column that the index begins with, and its value; without one, all quotes. */
  key?: { column: string; value: string };
  rest: Omit<QuoteListQuery, 'limit' | 'cursor'>;
}

function driverOf({ limit: _limit, cursor: _cursor, ...asked }: QuoteListQuery): Driver {
  const { authorId, tag, sourceId } = asked;
  const rest: Driver['rest'] = { ...asked };
  if (tag && tag.quotes <= (authorId?.quotes ?? Infinity)) {
    delete rest.tag;
    return { table: 'quote_tag', id: 'quote_id', key: { column: 'tag_id', value: tag.value.id }, rest };
  }
  const quote = { table: 'quote', id: 'id', rest } as const;
  if (authorId) {
    delete rest.authorId;
    return { ...quote, key: { column: 'author_id', value: authorId.value } };
  }
  if (sourceId === undefined) return quote;
  delete rest.sourceId;
  return { ...quote, key: { column: 'source_id', value: sourceId } };
}

function byOrder(query: QuoteListQuery, parameters: Parameters): string {
  const driver = driverOf(query);
  const checks = conditions(driver.rest, parameters);
  const count = parameters.bind(query.limit + 1);
  const list = listOf(driver, query.cursor, parameters);
  const window = driver.table === 'quote_tag' ? TAG_WINDOW : WINDOW;
  if (checks.length === 0) return shown(`page AS MATERIALIZED (${list('')} LIMIT ${count})`);
  const rows =
    driver.table === 'quote_tag'
      ? `(${list('')} LIMIT ${window}) w ${quoteOf('w')}`
      : `(${list(', d.author_id, d.source_id, d.tags, d.search')} LIMIT ${window}) w
         CROSS JOIN LATERAL (SELECT w.author_id, w.source_id, w.tags, w.search) q`;
  const order = `${driver.key ? 'w.key DESC, ' : ''}w.created_at DESC, w.id DESC`;
  return shown(
    `page AS MATERIALIZED (
      SELECT w.id, w.created_at FROM ${rows} WHERE ${checks.join(' AND ')} ORDER BY ${order} LIMIT ${count}
    ), edge AS (${list('')} OFFSET ${window - 1} LIMIT 1)`,
    `SELECT ${STOPPED} FROM edge WHERE (SELECT count(*) FROM page) < ${count}`,
  );
}

/**
 * The driving list, newest first. The key is a range of one value and part of the order: were it an equation, the
 * planner could drop it from the order, read all quotes by time and filter them, which is quicker only for keys that
 * are spread evenly. One that has old quotes only would be found by reading everything.
 */
function listOf(
  { table, id, key }: Driver,
  cursor: QuoteListQuery['cursor'],
  parameters: Parameters,
): (columns: string) => string {
  const placeholder = key ? parameters.bind(key.value) : '';
  const columns = [...(key ? [`d.${key.column}`] : []), 'd.created_at', `d.${id}`];
  const ranges: string[] = [];
  if (key) ranges.push(`d.${key.column} >= ${placeholder}`);
  if (cursor) {
    const values = [`${parameters.bind(cursor[0])}::timestamptz`, `${parameters.bind(cursor[1])}::bigint`];
    ranges.push(`(${columns.join(', ')}) < (${[...(key ? [placeholder] : []), ...values].join(', ')})`);
  } else if (key) {
    ranges.push(`d.${key.column} <= ${placeholder}`);
  }
  return (more) => `
    SELECT d.${id} AS id, d.created_at${key ? `, d.${key.column} AS key` : ''}${more} FROM ${table} d
    ${ranges.length > 0 ? `WHERE ${ranges.join(' AND ')}` : ''}
    ORDER BY ${columns.map((column) => `${column} DESC`).join(', ')}`;
}

function byWords(query: QuoteListQuery, parameters: Parameters): string {
  const { words, cursor, limit, ...rest } = query;
  const checks = conditions(rest, parameters);
  if (cursor) {
    const key = `${parameters.bind(cursor[0])}::timestamptz, ${parameters.bind(cursor[1])}::bigint`;
    checks.push(`(q.created_at, q.id) < (${key})`);
  }
  const match = search(words?.value ?? '', parameters);
  return shown(
    `hits AS MATERIALIZED (
      SELECT q.id, q.created_at, q.author_id, q.source_id, q.tags FROM quote q WHERE ${match} LIMIT ${WINDOW + 1}
    ), page AS MATERIALIZED (
      SELECT q.id, q.created_at FROM hits q ${checks.length > 0 ? `WHERE ${checks.join(' AND ')}` : ''}
      ORDER BY q.created_at DESC, q.id DESC LIMIT ${parameters.bind(limit + 1)}
    )`,
    `SELECT ${STOPPED} FROM (VALUES (NULL::bigint, NULL::timestamptz)) AS nowhere (id, created_at)
     WHERE (SELECT count(*) FROM hits) > ${WINDOW}`,
  );
}

/** What a row `q` has to meet besides being in the driving list. */
function conditions(query: Driver['rest'], parameters: Parameters): string[] {
  const { authorId, tag, sourceId, words } = query;
  const checks: string[] = [];
  if (authorId) checks.push(`q.author_id = ${parameters.bind(authorId.value)}`);
  if (sourceId !== undefined) checks.push(`q.source_id = ${parameters.bind(sourceId)}`);
  if (tag) checks.push(`${parameters.bind(tag.value.name)} = ANY(q.tags)`);
  if (words) checks.push(search(words.value, parameters));
  return checks;
}

function search(words: string, parameters: Parameters): string {
  return `q.search @@ websearch_to_tsquery('english', ${parameters.bind(words)})`;
}

/** One look-up by key for each row: OFFSET 0 keeps the planner from reading the whole table into a hash instead. */
const quoteOf = (alias: string): string =>
  `CROSS JOIN LATERAL (SELECT * FROM quote WHERE id = ${alias}.id OFFSET 0) q`;

function shown(parts: string, stopped?: string): string {
  const quotes = `SELECT ${COLUMNS} FROM page p ${quoteOf('p')} ORDER BY p.created_at DESC, p.id DESC`;
  return stopped === undefined
    ? `WITH ${parts} ${quotes}`
    : `WITH ${parts} (${quotes}) UNION ALL (${stopped})`;
}
