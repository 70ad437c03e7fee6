import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunRow } from '../../src/features/scraping/index.js';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { gleaner, gleanerOnTerminal } from '../support/command.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { Program } from '../support/program.js';

let site: Site;
let environment: TestEnvironment;
let worker: GleanerProcess;

beforeAll(async () => {
  site = await startSite();
  environment = await createEnvironment({ QUOTES_START_URL: site.url, SCRAPE_TIMEOUT_MS: '1000' });
  worker = GleanerProcess.spawn({ ...environment.env, MODE: 'all', LOG_LEVEL: 'info' });
  await worker.listening();
});
afterEach(() => site.clear());
afterAll(async () => {
  worker?.kill('SIGTERM');
  await worker?.exit();
  await environment?.dispose();
  await site?.close();
});

const run = async (line: string) => gleaner(line, environment.env);
const RUN_ID = /[0-9a-f]{8}-[0-9a-f-]{27}/;

const statusOf = async (id: string): Promise<string | undefined> => {
  const rows = await environment.query<{ status: string }>('SELECT status FROM run WHERE id = $1', [id]);
  return rows[0]?.status;
};
const ended = async (id: string): Promise<string> =>
  eventually('the run to end', async () => {
    const status = await statusOf(id);
    return status === 'pending' || status === 'running' ? undefined : status;
  });

describe('gleaner scrape', () => {
  it('starts a run, tells its id to programs, and how to look at it to people', async () => {
    const { code, out } = await run('scrape quotes --json');
    expect(code, out).toBe(0);
    const { id, url } = JSON.parse(out) as { id: string; url: string };
    expect(url).toBe(`/api/v1/runs/${id}`);
    expect(await ended(id)).toBe('succeeded');

    const people = await run('scrape quotes');
    const [shown = ''] = RUN_ID.exec(people.out) ?? [];
    expect(people.out).toContain(`${shown}\n`);
    expect(people.out).toContain(`GET /api/v1/runs/${shown}; its task: gleaner tasks show run-${shown}`);
    expect(await ended(shown)).toBe('succeeded');
    const task = await eventually('the task in the history', async () => {
      const { code: status, out: json } = await run(`tasks show run-${shown} --json`);
      return status === 0 ? (JSON.parse(json) as object) : undefined;
    });
    expect(task).toMatchObject({ name: 'scrape.run', args: { runId: shown } });
  });

  it('leaves a source alone that is being scraped, that is off, or that is not there', async () => {
    site.misbehave({ kind: 'delay', ms: 300, path: '^/(page/.*)?$' });
    const { id } = JSON.parse((await run('scrape quotes --json')).out) as { id: string };
    expect(await run('scrape quotes --follow')).toEqual({
      code: 1,
      out: `The source "quotes" is being scraped already. Wait for run ${id} to end, then try again.\n`,
    });
    expect(await environment.query(`SELECT id FROM run WHERE status IN ('pending', 'running')`)).toEqual([
      { id },
    ]);
    await ended(id);

    await environment.query('UPDATE source SET enabled = false');
    expect((await run('scrape quotes')).out).toContain('switched off');
    await environment.query('UPDATE source SET enabled = true');
    expect(await run('scrape nothing')).toEqual({ code: 1, out: 'There is no source "nothing".\n' });
  });

  it('follows a run, a line for each change where there is no terminal', async () => {
    site.misbehave({ kind: 'delay', ms: 200, path: '^/(page/.*)?$' });
    const { code, out } = await run('scrape quotes --follow');
    expect(code, out).toBe(0);
    expect(out).toMatch(/^running: \d+ of \d+ pages, \d+ items, 0 given up, /m);
    expect(out).toMatch(/^succeeded \(finished\): 60 of 60 pages, 150 items, 0 given up, /m);
    expect(out).not.toContain('\u001b');
  });

  it('follows it in place on a terminal', async () => {
    site.misbehave({ kind: 'delay', ms: 200, path: '^/(page/.*)?$' });
    const screen = await gleanerOnTerminal('scrape quotes --follow', environment.env);
    const [, ...lines] = screen.split('\r\u001b[2K');
    expect(lines.filter((line) => /^running: [^\n]*$/.test(line)).length).toBeGreaterThan(1);
    expect(screen.trimEnd().split('\n').at(-1)).toContain('succeeded (finished): 60 of 60 pages');
  });

  it('ends with 1 and says why when the run has failed', async () => {
    site.misbehave({ kind: 'reset', path: '^/$' });
    const { code, out } = await run('scrape quotes --follow');
    expect(code).toBe(1);
    expect(out).toMatch(/^failed \(error\): /m);
    expect(out).toContain('No page could be fetched');

    site.clear();
    site.misbehave({ kind: 'other-page', path: '.*' });
    const json = await run('scrape quotes --follow --json');
    expect(json.code).toBe(1);
    const row = JSON.parse(json.out.slice(json.out.indexOf('\n{'), json.out.lastIndexOf('}') + 1)) as RunRow;
    expect(row).toMatchObject({ status: 'failed', finishReason: 'suspicious', source: 'quotes' });
  });

  it('stops following on Ctrl-C, not the run, and says so', async () => {
    site.misbehave({ kind: 'delay', ms: 300, path: '^/(page/.*)?$' });
    const follower = new Program(process.execPath, ['dist/cli.js', 'scrape', 'quotes', '--follow'], {
      env: { PATH: process.env.PATH, ...environment.env },
    });
    await follower.until('it follows', async () => (follower.log.includes('running: ') ? true : undefined));
    follower.kill('SIGINT');
    expect(await follower.exit()).toBe(130);
    expect(follower.log).toContain('Not followed any more; the run goes on.');
    const [id = ''] = RUN_ID.exec(follower.log) ?? [];
    expect(await statusOf(id)).toBe('running');
    expect(await ended(id)).toBe('succeeded');
  });

  it('declares no sources of a directory, which is for servers to do', async () => {
    const { code } = await gleaner('scrape nothing', { ...environment.env, SOURCES_DIR: '/nowhere' });
    expect(code).toBe(1);
  });
});
