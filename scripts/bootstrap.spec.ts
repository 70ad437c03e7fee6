import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from './services/spec-tools.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** Counts its runs, and installs nothing but the folder. */
const FAKE_NPM = '#!/bin/sh\necho "$@" >> npm.log\nmkdir -p node_modules\nexit ${FAKE_NPM_EXIT:-0}\n';

/** Tells what it was given and every signal it hears; ends with code 7 when its input does, or at SIGTERM. */
const DEMO = `
const args: string[] = process.argv.slice(2);
console.log('args', ...args);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => console.log(signal));
process.stdin.resume();
if (args[0] === '--until-sigterm') {
  const life = setInterval(() => {}, 1000);
  process.once('SIGTERM', () => clearInterval(life));
} else process.stdin.on('end', () => process.exit(7));
console.log('ready', process.pid);
`;

/** A bootstrap, the lines that it and its program have printed, and its end. */
class Run {
  readonly lines: string[] = [];
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;
  readonly child: ChildProcess;

  constructor(project: string, args: string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, ['scripts/bootstrap.mjs', ...args], {
      cwd: project,
      env: { PATH: `${join(project, 'fake-bin')}${delimiter}${process.env.PATH}`, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.ended = once(this.child, 'close') as typeof this.ended;
    for (const input of [this.child.stdout!, this.child.stderr!]) {
      createInterface({ input }).on('line', (line) => this.lines.push(line));
    }
  }

  /** The first line that starts so, once it is there. */
  async saw(start: string): Promise<string> {
    const find = (): string | undefined => this.lines.find((line) => line.startsWith(start));
    await until(`a line "${start}…"`, () => find() !== undefined);
    return find() ?? '';
  }
}

let project: string;
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'gleaner-bootstrap-'));
  await mkdir(join(project, 'scripts'));
  await mkdir(join(project, 'fake-bin'));
  for (const name of ['bootstrap.mjs', 'follow-parent.mjs'])
    await cp(join(here, name), join(project, 'scripts', name));
  await writeFile(join(project, 'scripts/demo.ts'), DEMO);
  await writeFile(join(project, 'package.json'), '{ "type": "module", "allowScripts": {} }');
  await writeFile(join(project, 'package-lock.json'), '{}');
  await writeFile(join(project, 'fake-bin/npm'), FAKE_NPM);
  await chmod(join(project, 'fake-bin/npm'), 0o755);
});
afterEach(() => rm(project, { recursive: true }));

async function runToEnd(
  args: string[],
  env?: NodeJS.ProcessEnv,
): Promise<{ code: number | null; lines: string[] }> {
  const run = new Run(project, args, env);
  run.child.stdin?.end();
  const [code] = await run.ended;
  return { code, lines: run.lines };
}

async function installations(): Promise<number> {
  return (await readFile(join(project, 'npm.log'), 'utf8')).trim().split('\n').length;
}

describe('bootstrap', () => {
  it.each([[[]], [['deploy']]])('explains itself when called with %j', async (args) => {
    const { code, lines } = await runToEnd(args);
    expect(code).toBe(64);
    expect(lines.join()).toContain('usage: node scripts/bootstrap.mjs <demo|test|bench>');
  });

  it('hands on the arguments and the exit code', async () => {
    const { code, lines } = await runToEnd(['demo', '--port', '1 2']);
    expect(code).toBe(7);
    expect(lines).toContain('args --port 1 2');
  });

  it('installs once, and again when the lock file or allowScripts changes', async () => {
    await runToEnd(['demo']);
    await runToEnd(['demo']);
    expect(await installations()).toBe(1);
    await writeFile(join(project, 'package-lock.json'), '{ "changed": true }');
    await runToEnd(['demo']);
    expect(await installations()).toBe(2);
    await writeFile(join(project, 'package.json'), '{ "type": "module", "allowScripts": { "node": true } }');
    await runToEnd(['demo']);
    expect(await installations()).toBe(3);
  });

  it('runs nothing after a failed installation, and installs again the next time', async () => {
    const { code, lines } = await runToEnd(['demo'], { FAKE_NPM_EXIT: '1' });
    expect(code).toBe(1);
    expect(lines.join()).toContain('npm ci failed');
    expect(lines.join()).not.toContain('args');
    expect(existsSync(join(project, 'node_modules/.gleaner-installed'))).toBe(false);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('hands a burst of %s on as one', async (signal) => {
    const run = new Run(project, ['demo']);
    await run.saw('ready');
    for (let times = 0; times < 10; times++) {
      run.child.kill(signal);
      await setImmediate();
    }
    await run.saw(signal);
    run.child.stdin?.end();
    expect(await run.ended).toEqual([7, null]);
    expect(run.lines.filter((line) => line === signal)).toHaveLength(1);
  });

  it('hands a later SIGINT on as a second one', async () => {
    const run = new Run(project, ['demo']);
    await run.saw('ready');
    await until('a second SIGINT', () => {
      run.child.kill('SIGINT');
      return run.lines.filter((line) => line === 'SIGINT').length >= 2;
    });
    run.child.stdin?.end();
    expect(await run.ended).toEqual([7, null]);
  });

  it('dies of the signal that killed the program', async () => {
    const run = new Run(project, ['demo']);
    process.kill(Number((await run.saw('ready')).split(' ')[1]), 'SIGKILL');
    expect(await run.ended).toEqual([null, 'SIGKILL']);
  });

  it('is outlived by nothing: killed itself, its program is told to stop', async () => {
    const run = new Run(project, ['demo', '--until-sigterm']);
    await run.saw('ready');
    run.child.kill('SIGKILL');
    // "close" comes when the program, too, has let go of its output.
    expect(await run.ended).toEqual([null, 'SIGKILL']);
    expect(run.lines).toContain('SIGTERM');
  });
});
