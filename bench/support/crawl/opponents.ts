import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { CrawlResult } from './items.ts';

/** The Python that has what Debian's packages bring. */
const PYTHON = '/usr/bin/python3';

/** What a program that crawls is told. */
export interface CrawlOrder {
  site: string;
  shards: number;
  database: string;
  concurrency: number;
}

/** The loop of bare-crawl.ts, in a process of its own. @throws Error with its output when it fails. */
export async function crawlBarely(order: CrawlOrder): Promise<CrawlResult> {
  const program = ['--disable-warning=ExperimentalWarning', 'bench/support/bare-crawl.ts'];
  return crawl(process.execPath, program, order);
}

/** Scrapy, likewise. */
export async function crawlByScrapy(order: CrawlOrder): Promise<CrawlResult> {
  return crawl(PYTHON, ['bench/support/scrapy/crawl.py'], order);
}

/** The version of Scrapy that would crawl; `undefined` when it, or its way to PostgreSQL, is not installed. */
export function scrapyVersion(): string | undefined {
  const print = 'import psycopg2, scrapy; print(scrapy.__version__)';
  const { status, stdout } = spawnSync(PYTHON, ['-c', print], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

async function crawl(
  program: string,
  args: readonly string[],
  { site, shards, database, concurrency }: CrawlOrder,
): Promise<CrawlResult> {
  const order = ['--site', site, '--shards', shards, '--database', database, '--concurrency', concurrency];
  const child = spawn(program, [...args, ...order.map(String)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  const last = output.trim().split('\n').at(-1);
  if (code !== 0 || !last) throw new Error(`${args.join(' ')} ended with ${code}:\n${output}${errors}`);
  return JSON.parse(last) as CrawlResult;
}
