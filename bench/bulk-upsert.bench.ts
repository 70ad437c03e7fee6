import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openQuotesStore, type Quote, type QuotesStore, type StoredIds } from './adapters/quotes-store.ts';
import { environment } from './support/application.ts';
import { aim, type Benchmark, measure, median, ratios } from './support/benchmark.ts';
import { connect, createDatabase, fill } from './support/database.ts';

const BATCH = 1000;
const TAGS_A_QUOTE = 2;
/** Far from where the database counts: COPY brings its own ids, because the tags refer to them. */
const FIRST_COPIED_ID = 1e12;

/** COPY is the fastest way in, and knows nothing of conflicts; a save for each row is what an ORM invites one to. */
const benchmark: Benchmark = {
  claim:
    'bulk upsert stores 0.25 of the rows that COPY stores in the same time, and 20 times those of single saves',
  async run(context) {
    const database = await createDatabase(context);
    await fill(database, context.quick ? 1000 : 20_000);
    const env = environment(context, database);
    const store = await openQuotesStore(env, context.stack);
    const client = await connect(database);
    context.stack.defer(() => client.end());
    const ids = await readIds(client);
    const rows = context.quick ? 1000 : 20_000;
    const rowsOneByOne = context.quick ? 20 : 500;

    const sides = {
      upsert: [] as number[],
      again: [] as number[],
      copy: [] as number[],
      save: [] as number[],
    };
    for (let round = 0; round <= context.rounds; round++) {
      context.say(round === 0 ? 'warming up' : `round ${round} of ${context.rounds}`);
      const quotes = makeQuotes(rows, `upsert ${round}`, ids);
      const copied = makeQuotes(rows, `copy ${round}`, ids);
      const saved = makeQuotes(rowsOneByOne, `save ${round}`, ids);
      const rates = {
        upsert: await rowsPerSecond(rows, async () => expectCount(await store.inBulk(quotes, BATCH), rows)),
        again: await rowsPerSecond(rows, async () => expectCount(await store.inBulk(quotes, BATCH), 0)),
        copy: await rowsPerSecond(rows, () => copy(client, store, copied, ids, round * rows)),
        save: await rowsPerSecond(rowsOneByOne, () => store.oneByOne(saved, ids)),
      };
      await expectStored(client, `copy ${round}`, rows);
      await expectStored(client, `save ${round}`, rowsOneByOne);
      await expectStored(client, `upsert ${round}`, rows);
      if (round === 0) continue;
      for (const side of ['upsert', 'again', 'copy', 'save'] as const) sides[side].push(rates[side]);
    }
    const byCopy = ratios(sides.upsert, sides.copy);
    const bySave = ratios(sides.upsert, sides.save);
    return {
      measures: [
        measure('bulk upsert, new rows', 'quotes/s', sides.upsert),
        measure('bulk upsert, the same rows again', 'quotes/s', sides.again),
        measure('COPY', 'quotes/s', sides.copy),
        measure('one save after another', 'quotes/s', sides.save),
        measure('upsert by COPY', '', byCopy),
        measure('upsert by saves', '', bySave),
      ],
      aims: [
        aim('upsert by COPY', median(byCopy), { atLeast: 0.25 }),
        aim('upsert by saves', median(bySave), { atLeast: 20 }),
      ],
      notes: [
        `a quote is a row and ${TAGS_A_QUOTE} rows of tags on every side; all indexes are there; ${rows} quotes a round, upserted in batches of ${BATCH}`,
        'COPY is told the ids of authors and tags, which the upsert finds by itself; the hashes of the texts are part of both',
        'PostgreSQL runs without fsync here, which is to the advantage of single saves',
      ],
    };
  },
};

export default benchmark;

async function rowsPerSecond(rows: number, store: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await store();
  return rows / ((performance.now() - start) / 1000);
}

function makeQuotes(count: number, side: string, { authors, tags }: Ids): Quote[] {
  const slugs = [...authors.keys()];
  const names = [...tags.keys()];
  return Array.from({ length: count }, (_, index) => ({
    text: `${side}: number ${index} of the quotes that nobody has ever said in this many words, or would again.`,
    authorSlug: at(slugs, index * index),
    tags: Array.from({ length: TAGS_A_QUOTE }, (_unused, place) => at(names, index + place)),
  }));
}

const at = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

interface Ids extends StoredIds {
  authors: ReadonlyMap<string, string>;
  tags: ReadonlyMap<string, number>;
}

async function readIds(client: Client): Promise<Ids> {
  const authors = await client.query<{ id: string; slug: string }>('SELECT id, slug FROM author ORDER BY id');
  const tags = await client.query<{ id: number; name: string }>('SELECT id, name FROM tag ORDER BY id');
  const authorIds = new Map(authors.rows.map(({ id, slug }) => [slug, id]));
  const tagIds = new Map(tags.rows.map(({ id, name }) => [name, id]));
  const find = <T>(ids: ReadonlyMap<string, T>, key: string): T => {
    const id = ids.get(key);
    if (id === undefined) throw new Error(`the database has no ${key}`);
    return id;
  };
  return {
    authors: authorIds,
    tags: tagIds,
    author: (slug) => find(authorIds, slug),
    tag: (name) => find(tagIds, name),
  };
}

/** Both tables in one transaction, streamed as text. */
async function copy(
  client: Client,
  store: QuotesStore,
  quotes: readonly Quote[],
  ids: Ids,
  offset: number,
): Promise<void> {
  const runId = randomUUID();
  const now = new Date().toISOString();
  const quoteLines = quotes.map(
    ({ text, authorSlug, tags }, index) =>
      `${FIRST_COPIED_ID + offset + index}\t1\t${ids.author(authorSlug)}\t${text}\t\\\\x${store.hash(text)}\t${runId}\t${now}\t{${tags.join(',')}}\n`,
  );
  const tagLines = quotes.flatMap(({ tags }, index) =>
    tags.map((tag, place) => `${FIRST_COPIED_ID + offset + index}\t${ids.tag(tag)}\t${place + 1}\t${now}\n`),
  );
  await client.query('BEGIN');
  for (const [target, lines] of [
    ['quote (id, source_id, author_id, text, text_hash, last_run_id, created_at, tags)', quoteLines],
    ['quote_tag (quote_id, tag_id, position, created_at)', tagLines],
  ] as const) {
    const stream = client.query(copyFrom(`COPY ${target} FROM STDIN`));
    await pipeline(Readable.from(inChunks(lines)), stream);
  }
  await client.query('COMMIT');
}

/** A write for each line would measure the stream. */
function* inChunks(lines: readonly string[]): Generator<string> {
  for (let start = 0; start < lines.length; start += BATCH) yield lines.slice(start, start + BATCH).join('');
}

function expectCount(found: number, expected: number): void {
  if (found !== expected) throw new Error(`${found} quotes were new, expected ${expected}`);
}

async function expectStored(client: Client, side: string, count: number): Promise<void> {
  const { rows } = await client.query<{ quotes: number; tags: number }>(
    `SELECT count(*)::int AS quotes, (sum((SELECT count(*) FROM quote_tag WHERE quote_id = id)))::int AS tags
     FROM quote WHERE text LIKE $1`,
    [`${side}:%`],
  );
  const [found] = rows;
  if (found?.quotes !== count || found.tags !== count * TAGS_A_QUOTE)
    throw new Error(
      `${side} stored ${found?.quotes} quotes with ${found?.tags} tags, expected ${count} with ${count * TAGS_A_QUOTE}`,
    );
}
