/**
 * The least that a crawl of the quotes site can cost on this stack: undici, htmlparser2 and css-select in a loop, a set
 * of paths, bulk inserts; no politeness, no retries, nothing that would survive a crash.
 *
 * `node bare-crawl.ts --site URL --shards N --database URL [--concurrency 16]` crawls the shards 1 to N and prints a
 * `CrawlResult`.
 */
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { Pool } from 'undici';
import { ItemTables } from './crawl/item-tables.ts';
import { type AuthorItem, type CrawlResult, hashItems, type QuoteItem } from './crawl/items.ts';
import { readPage } from './crawl/read-page.ts';

const { values } = parseArgs({
  options: {
    site: { type: 'string', default: '' },
    shards: { type: 'string', default: '' },
    database: { type: 'string', default: '' },
    concurrency: { type: 'string', default: '16' },
  },
});
const concurrency = Number(values.concurrency);

const pool = new Pool(values.site, { connections: concurrency });
const client = new Client({ connectionString: values.database });
await client.connect();
const tables = await ItemTables.create(client, 'bare');
const found: (QuoteItem | AuthorItem)[] = [];
const paths = new Set<string>();
const waiting: string[] = [];
let pages = 0;

const start = performance.now();
const cpuBefore = process.cpuUsage();
for (let shard = 1; shard <= Number(values.shards); shard++) enqueue(`/shard/${shard}/`);
await visitAll();
await tables.flush();
const { user, system } = process.cpuUsage(cpuBefore);
const seconds = (performance.now() - start) / 1000;

const result: CrawlResult = { pages, ...hashItems(found), seconds, cpuSeconds: (user + system) / 1e6 };
const stored = await tables.count();
if (stored !== result.items) throw new Error(`${stored} items are stored, expected ${result.items}`);
await Promise.all([client.end(), pool.close()]);
console.log(JSON.stringify(result));

function enqueue(path: string): void {
  if (paths.has(path)) return;
  paths.add(path);
  waiting.push(path);
}

/** Keeps as many requests under way as it may, until none is left to make. */
function visitAll(): Promise<void> {
  let underWay = 0;
  return new Promise((resolve, reject) => {
    const proceed = (): void => {
      while (underWay < concurrency) {
        const path = waiting.pop();
        if (path === undefined) break;
        underWay += 1;
        visit(path).then(() => {
          underWay -= 1;
          proceed();
        }, reject);
      }
      if (underWay === 0) resolve();
    };
    proceed();
  });
}

async function visit(path: string): Promise<void> {
  const { statusCode, headers, body } = await pool.request({ method: 'GET', path });
  const html = await body.text();
  if (statusCode === 308) return visit(pathOf(String(headers['location']), path));
  if (statusCode !== 200) throw new Error(`GET ${path}: status ${statusCode}`);
  pages += 1;
  const { quotes, authors, links } = readPage(path, html);
  for (const link of links) enqueue(pathOf(link, path));
  found.push(...quotes, ...authors);
  await tables.add(quotes, authors);
}

function pathOf(href: string, page: string): string {
  return new URL(href, values.site + page).pathname;
}
