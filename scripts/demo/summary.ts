import { Client } from 'pg';
import type { Run } from './scrape.ts';

/** The run and what the database now holds, for people. */
export async function summarise(run: Run, databaseUrl: string): Promise<string> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<Record<string, string>>(
    `SELECT (SELECT count(*) FROM quote) AS quotes, (SELECT count(*) FROM author) AS authors, (SELECT count(*) FROM tag) AS tags`,
  );
  await client.end();
  const seconds = (Date.parse(run.finishedAt ?? '') - Date.parse(run.startedAt ?? '')) / 1000;
  const lines = [
    ['run', run.status + (run.error ? `: ${run.error}` : '')],
    ['pages', run.stats['downloader/response_count']],
    [
      'new / changed / as before',
      ['inserted', 'updated', 'unchanged'].map((what) => run.stats[`item/${what}`]).join(' / '),
    ],
    ['quotes', rows[0]?.quotes],
    ['authors', rows[0]?.authors],
    ['tags', rows[0]?.tags],
    ['seconds', Number.isNaN(seconds) ? '–' : seconds.toFixed(1)],
    ...run.failures.map(({ url, message }) => ['failed', `${url}: ${message}`]),
  ];
  return lines.map(([name, value]) => `  ${String(name).padEnd(27)}${String(value)}`).join('\n');
}
