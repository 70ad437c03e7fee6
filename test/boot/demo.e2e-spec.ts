import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';

/** A working directory of its own, so that the demo of whoever runs the tests is left alone. */
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-demo-'));
  for (const name of readdirSync('.')) {
    if (name !== '.gleaner' && name !== '.git') symlinkSync(resolve(name), join(dir, name));
  }
});

afterAll(() => rmSync(dir, { recursive: true }));

class Demo {
  output = '';
  readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;

  constructor(args: string[], env: Record<string, string> = {}) {
    this.child = spawn(process.execPath, ['scripts/demo.ts', ...args], {
      cwd: dir,
      env: { PATH: process.env.PATH, ...env },
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (data: Buffer) => (this.output += data.toString()));
    this.ended = once(this.child, 'exit').then(([code]) => code as number | null);
  }

  async exit(): Promise<number | null> {
    return this.ended;
  }

  async running(): Promise<string> {
    return eventually(
      'the demo to run',
      async () => /API {12}(http:\S+)\/api/.exec(this.output)?.[1],
      60_000,
    );
  }
}

/** Command lines of the processes that work in a directory, or with files of it. */
function processesOf(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(directory) || readlinkSync(`/proc/${pid}/cwd`).startsWith(directory)
          ? [line]
          : [];
      } catch {
        return []; // It has ended meanwhile.
      }
    });
}

const nothingLeft = () =>
  eventually('every process to end', async () => (processesOf(dir).length === 0 ? true : undefined));

describe('npm run demo', () => {
  it('--once scrapes the local site, prints a summary, and leaves nothing running', async () => {
    const demo = new Demo(['--once']);
    expect(await demo.exit(), demo.output).toBe(0);
    expect(demo.output).toMatch(/scraping .*60\/60 pages, 150 items/);
    for (const [name, value] of [
      ['pages', 60],
      ['quotes', 100],
      ['authors', 50],
      ['tags', 130],
    ]) {
      expect(demo.output).toMatch(new RegExp(`^ +${name} +${value}$`, 'm'));
    }
    await nothingLeft();
  });

  it('keeps its data, gives way to a busy port, says so, and stops on Ctrl-C', async () => {
    const busy = createServer().listen(3000, '127.0.0.1');
    // Somebody else may have it already, which serves as well.
    await Promise.race([once(busy, 'listening'), once(busy, 'error')]);
    const demo = new Demo([]);
    const url = await demo.running();
    expect(demo.output).toContain('port 3000 is in use');
    expect(new URL(url).port).not.toBe('3000');
    expect(demo.output).toMatch(/new \/ changed \/ as before +0 \/ 0 \/ 150/);
    const page = (await (await fetch(`${url}/api/v1/quotes?limit=100`)).json()) as { items: unknown[] };
    expect(page.items).toHaveLength(100);
    demo.child.kill('SIGINT');
    expect(await demo.exit(), demo.output).toBe(0);
    busy.close();
    await nothingLeft();
  });

  it('leaves nothing behind when it is killed', async () => {
    const demo = new Demo([]);
    await demo.running();
    // The application, the site, PostgreSQL, Redis and their keeper: the look at processes does see them.
    expect(processesOf(dir).length).toBeGreaterThanOrEqual(5);
    demo.child.kill('SIGKILL');
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
    expect(demo.output).toContain(`PORT=${port} is in use`);
    busy.close();

    const unknown = new Demo(['--twice']);
    expect(await unknown.exit()).toBe(1);
    expect(unknown.output).toContain('--twice');
  });
});
