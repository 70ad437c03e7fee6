import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';

/** A working directory of its own, so that the demo of whoever runs the tests is left alone. */
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-demo-'));
  for (const name of readdirSync('.')) {
    if (name !== '.gleaner' && name !== '.git') symlinkSync(resolve(name), join(dir, name));
  }
});

afterAll(() => rmSync(dir, { recursive: true }));

class Demo extends Program {
  constructor(args: string[], env: Record<string, string> = {}) {
    super(process.execPath, ['scripts/demo.ts', ...args], {
      cwd: dir,
      env: { PATH: process.env.PATH, ...env },
    });
    // Whatever the test comes to: what the demo has started follows it.
    onTestFinished(() => this.kill('SIGKILL'));
  }

  async running(): Promise<string> {
    return this.until('it runs', async () => /API {12}(http:\S+)\/api/.exec(this.log)?.[1], 60_000);
  }
}

/** State and parent of a process; `undefined` when there is none. */
function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    // Behind the name, which stands in parentheses and may contain anything.
    const [state = '', parent] =
      readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

/** Every process that a process has started, and that those have started, and so on. */
function descendantsOf(ancestor: number): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  const children = Map.groupBy(pids, (pid) => statOf(pid)?.parent);
  const below = (pid: number): number[] =>
    (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(ancestor);
}

/** A zombie has ended; that nobody has asked for its exit code is not the demo's fault. */
function lives(pid: number): boolean {
  return (statOf(pid)?.state ?? 'Z') !== 'Z';
}

/** Notes what the running demo consists of; the result waits until none of it is left. */
function expectEverythingToRun(demo: Demo): () => Promise<void> {
  const processes = descendantsOf(demo.pid);
  // The application, the site, PostgreSQL, Redis, and the keeper of the two.
  expect(processes.length).toBeGreaterThanOrEqual(5);
  return async () => {
    await eventually('every process to end', async () => (processes.some(lives) ? undefined : true));
  };
}

describe('npm run demo', () => {
  it('--once scrapes the local site, prints a summary, and leaves nothing running', async () => {
    const demo = new Demo(['--once']);
    await demo.until('it scrapes', async () => (demo.log.includes('scraping') ? true : undefined), 60_000);
    const nothingLeft = expectEverythingToRun(demo);
    expect(await demo.exit(), demo.log).toBe(0);
    expect(demo.log).toMatch(/scraping .*60\/60 pages, 150 items/);
    for (const [name, value] of [
      ['pages', 60],
      ['quotes', 100],
      ['authors', 50],
      ['tags', 130],
    ]) {
      expect(demo.log).toMatch(new RegExp(`^ +${name} +${value}$`, 'm'));
    }
    await nothingLeft();
  });

  it('keeps its data, gives way to a busy port, says so, and stops on Ctrl-C', async () => {
    const busy = createServer().listen(3000, '127.0.0.1');
    // Somebody else may have it already, which serves as well.
    await once(busy, 'listening').catch(() => undefined);
    const demo = new Demo([]);
    const url = await demo.running();
    const nothingLeft = expectEverythingToRun(demo);
    expect(demo.log).toContain('port 3000 is in use');
    expect(new URL(url).port).not.toBe('3000');
    expect(demo.log).toMatch(/new \/ changed \/ as before +0 \/ 0 \/ 150/);
    const page = (await (await fetch(`${url}/api/v1/quotes?limit=100`)).json()) as { items: unknown[] };
    expect(page.items).toHaveLength(100);
    // What it tells the user to do works, and the key opens nothing any more when the demo has ended.
    const [, key = ''] = /Bearer (glnr_\w+)/.exec(demo.log) ?? [];
    const headers = { authorization: `Bearer ${key}` };
    const started = await fetch(`${url}/api/v1/sources/quotes/runs`, { method: 'POST', headers });
    expect(started.status).toBe(202);
    demo.kill('SIGINT');
    expect(await demo.exit(), demo.log).toBe(0);
    busy.close();
    await nothingLeft();
  });

  it('leaves nothing behind when it is killed', async () => {
    const demo = new Demo([]);
    await demo.running();
    const nothingLeft = expectEverythingToRun(demo);
    demo.kill('SIGKILL');
    await demo.exit();
    await nothingLeft();
  });

  it('refuses a PORT that is in use, and words that it does not know', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const address = busy.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const demo = new Demo(['--once'], { PORT: port });
    expect(await demo.exit()).toBe(1);
    expect(demo.log).toContain(`PORT=${port} is in use`);
    busy.close();

    const unknown = new Demo(['--twice']);
    expect(await unknown.exit()).toBe(1);
    expect(unknown.log).toContain('--twice');
  });
});
