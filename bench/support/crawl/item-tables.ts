import type { Client } from 'pg';
import type { AuthorItem, QuoteItem } from './items.ts';

/** So many items go into a statement. */
const BATCH = 500;

/** Two tables of items, the least that a crawl can store: nothing refers to anything, what is there stays. */
export class ItemTables {
  readonly #client: Client;
  readonly #prefix: string;
  #quotes: QuoteItem[] = [];
  #authors: AuthorItem[] = [];

  private constructor(client: Client, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  /** Makes the tables anew. @param prefix of their names. */
  static async create(client: Client, prefix: string): Promise<ItemTables> {
    await client.query(`
      DROP TABLE IF EXISTS ${prefix}_quote, ${prefix}_author;
      CREATE TABLE ${prefix}_quote ("text" text PRIMARY KEY, "authorSlug" text, "authorName" text, tags text[]);
      CREATE TABLE ${prefix}_author
        (slug text PRIMARY KEY, name text, "bornOn" date, "bornLocation" text, description text)`);
    return new ItemTables(client, prefix);
  }

  /** Resolves at once unless a batch is full. */
  async add(quotes: readonly QuoteItem[], authors: readonly AuthorItem[]): Promise<void> {
    this.#quotes.push(...quotes);
    this.#authors.push(...authors);
    if (this.#quotes.length + this.#authors.length >= BATCH) await this.flush();
  }

  async flush(): Promise<void> {
    const [quotes, authors] = [this.#quotes, this.#authors];
    this.#quotes = [];
    this.#authors = [];
    await Promise.all([this.#insert('quote', quotes), this.#insert('author', authors)]);
  }

  async count(): Promise<number> {
    const { rows } = await this.#client.query<{ items: number }>(
      `SELECT ((SELECT count(*) FROM ${this.#prefix}_quote) +
               (SELECT count(*) FROM ${this.#prefix}_author))::int AS items`,
    );
    return rows[0]?.items ?? 0;
  }

  async #insert(table: 'quote' | 'author', items: readonly object[]): Promise<void> {
    if (items.length === 0) return;
    const name = `${this.#prefix}_${table}`;
    await this.#client.query(
      `INSERT INTO ${name} SELECT * FROM json_populate_recordset(NULL::${name}, $1) ON CONFLICT DO NOTHING`,
      [JSON.stringify(items)],
    );
  }
}
