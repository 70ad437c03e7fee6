import { progressLine } from './progress.ts';
import { waitFor } from '../wait.ts';

/** What the demo reads of a run; see `GET /docs` for all of it. */
export interface Run {
  id: string;
  status: 'pending' | 'running' | 'succeeded' | 'failed';
  stats: Record<string, number>;
  failures: { url: string; message: string }[];
  error: string | null;
  startedAt: string | null;
  finishedAt: string | null;
}

const SCRAPE_TIMEOUT_MS = 3_600_000;

/** Starts a run of the quotes source, shows how it goes, and returns it when it has ended. */
export async function scrape(apiUrl: string, key: string, signal: AbortSignal): Promise<Run> {
  const started = await fetch(`${apiUrl}/api/v1/sources/quotes/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    signal,
  });
  // 409: a run of an earlier start, which was killed, is going on; watching that one is as good.
  const location = started.headers.get('location') ?? ((await started.json()) as { run?: string }).run;
  if (!location) throw new Error(`the run could not be started: status ${started.status}`);
  const show = progressLine(process.stdout);
  const run = await waitFor('the end of the run', SCRAPE_TIMEOUT_MS, signal, async () => {
    const current = (await (await fetch(`${apiUrl}${location}`, { signal })).json()) as Run;
    const ended = current.status === 'succeeded' || current.status === 'failed';
    show(current.stats, ended);
    return ended ? current : undefined;
  });
  return run;
}
