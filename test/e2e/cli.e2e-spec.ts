import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gleaner, gleanerOnTerminal } from '../support/command.js';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { TaskLab } from '../support/task-lab/task-lab.js';

let lab: TaskLab;

beforeAll(async () => {
  lab = await TaskLab.open();
  await lab.launch({ MODE: 'all' });
});
afterAll(async () => lab?.[Symbol.asyncDispose]());

const run = async (line: string, env = lab.environment.env) => gleaner(line, env);

async function json<T>(line: string): Promise<T> {
  const { code, out } = await run(`${line} --json`);
  expect(code, out).toBe(0);
  return JSON.parse(out) as T;
}

describe('the command line of operators', () => {
  it('shows workers and what they run, and controls them', async () => {
    await lab.tasks.enqueue(labTasks.work, { ms: 60_000 }, { id: 'long-one' });
    await lab.reached('begun', 1);
    const workers = await run('inspect workers');
    expect(workers).toMatchObject({ code: 0, out: expect.stringMatching(/WORKER +STATE[^]+online/) });
    const active = await run('inspect active');
    expect(active.out).toMatch(/long-one +lab\.work +default +1/);

    const grown = await json<{ replies: { result: object }[] }>('control pool grow 3');
    expect(grown.replies).toMatchObject([{ ok: true, result: { concurrency: 13 } }]);
    expect(await json('control revoke long-one')).toEqual([{ id: 'long-one', was: 'active' }]);
    await eventually('it to be revoked', async () => {
      const { replies } = await json<{ replies: { result: { count: number } }[] }>('inspect active');
      return replies[0]?.result.count === 0 ? true : undefined;
    });
  });

  it('names a worker that does not answer, and ends with 1', async () => {
    const { code, out } = await run('inspect ping --worker nobody --timeout 0.5');
    expect(code).toBe(1);
    expect(out).toContain('nobody did not answer within 0.5 s.');
  });

  it('lists dead letters, replays one, and forgets the rest', async () => {
    await lab.tasks.enqueueMany(labTasks.fail, [
      { message: 'order 17 is lost' },
      { message: 'order 18 is lost' },
    ]);
    const [group] = await eventually('the dead letters', async () => {
      const groups = await json<{ fingerprint: string; count: number; exampleId: string }[]>('dlq list');
      return groups[0]?.count === 2 ? groups : undefined;
    });
    const example = group?.exampleId ?? '';
    expect(JSON.parse((await run(`dlq show ${example}`)).out)).toMatchObject({ errorClass: 'TypeError' });
    expect(await json(`dlq replay ${example}`)).toMatchObject({ total: 1, replayed: 1 });
    expect(await json(`dlq replay ${example}`)).toMatchObject({ total: 0, replayed: 0 });
    expect((await run('dlq purge')).code).toBe(2);
    await eventually('what was replayed to fail again', async () =>
      (await json<{ count: number }[]>('dlq list'))[0]?.count === 3 ? true : undefined,
    );
    expect(await json('dlq purge --all')).toEqual({ purged: 3 });
    expect((await run('dlq list')).out).toBe('Nothing has failed for good.\n');
  });

  it('pauses and resumes queues', async () => {
    await run('queues pause low');
    expect(await json('queues')).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'low', paused: true })]),
    );
    await run('queues resume low');
    expect((await run('queues')).out).toMatch(/low +running/);
  });

  it('leaves in the audit who changed what, and with which outcome, and nothing of what was only read', async () => {
    await run('queues resume high');
    await run('queues');
    await run('inspect ping');
    await run('control pool grow 1 --worker nobody --timeout 0.1');
    await run('tasks retry no-such-task');
    await run('scrape no-such-source');
    await run('dlq purge no-such-letter');
    await run('dlq replay no-such-letter');
    await run('control revoke no-such-task');
    const entries = await lab.environment.query<{ said: string }>(
      `SELECT concat_ws(' ', action, outcome, detail) AS said FROM audit_entry
       WHERE id >= (SELECT max(id) FROM audit_entry WHERE detail LIKE '%: high') ORDER BY id`,
    );
    const who = `by ${userInfo().username} on ${hostname()}`;
    expect(entries.map(({ said }) => said)).toEqual([
      `cli.queues.resume done ${who}: high`,
      `cli.control.pool.grow done ${who}: {"type":"pool.grow","by":1} to nobody: done by 0, refused by 0, silent 1`,
      expect.stringContaining(`cli.tasks.retry done ${who}: 1 tasks: no-such-task not: `),
      `cli.dlq.purge done ${who}: {"ids":["no-such-letter"]}: 0 purged`,
      `cli.dlq.replay done ${who}: {"ids":["no-such-letter"]}: 0 of 0 replayed, 0 refused`,
      `cli.control.revoke done ${who}: 1 tasks (abort): no-such-task was unknown`,
    ]);
  });

  it.each([
    ['', 0, 'Usage: gleaner'],
    ['--help', 0, 'Examples:'],
    ['inspect --help', 0, 'registered'],
    ['dance', 2, "unknown command 'dance'"],
    ['control pool grow many', 2, 'whole number from 1 to 3000'],
    ['control queue cancel lowest', 2, 'high, default, low'],
  ])('understands "%s" without a configuration: status %i', async (line, code, text) => {
    const answer = await run(line, {});
    expect(answer).toMatchObject({ code, out: expect.stringContaining(text) });
  });

  it('is what npx runs', async () => {
    const env = { PATH: process.env.PATH, HOME: await mkdtemp(join(tmpdir(), 'gleaner-npx-')) };
    const npx = new Program('npx', ['--offline', '--no-install', 'gleaner', '--help'], { env });
    expect(await npx.exit(), npx.log).toBe(0);
    expect(npx.log).toContain('Usage: gleaner');
    await rm(env.HOME, { recursive: true });
  });

  it('gives up at once when the database is not there', async () => {
    const since = performance.now();
    const { code, out } = await run('dlq list', {
      ...lab.environment.env,
      DATABASE_URL: 'postgres://nobody:hunter2@127.0.0.1:1/x',
    });
    expect({ code, out }).toEqual({ code: 1, out: 'connect ECONNREFUSED 127.0.0.1:1\n' });
    // Nest would try ten times, three seconds apart.
    expect(performance.now() - since).toBeLessThan(15_000);
  });

  it('says so when Redis is not there', async () => {
    const answer = await run('queues', { ...lab.environment.env, REDIS_URL: 'redis://127.0.0.1:1' });
    expect(answer).toEqual({ code: 1, out: 'Redis does not answer. "gleaner doctor" tells more.\n' });
  });

  it('says what is wrong with a rate before any worker is asked', async () => {
    const { code, out } = await run('control rate-limit scrape.run fast');
    expect(out).toContain('such as 10/m');
    expect(code).toBe(2);
  });

  it.each(['--help', 'dlq replay --help', 'completion bash', 'dance'])(
    'loads nothing of the application for "%s"',
    async (line) => {
      const readable = ['dist', 'node_modules/commander', 'package.json'].map((path) => resolve(path));
      const flags = readable.map((path) => `--allow-fs-read=${path}`);
      const words = ['--permission', ...flags, 'dist/cli.js', ...line.split(' ')];
      const program = new Program(process.execPath, words, { env: {} });
      expect(await program.exit()).toBe(line === 'dance' ? 2 : 0);
      expect(program.log).not.toContain('ERR_ACCESS_DENIED');
    },
  );
});

describe('what outsiders say', () => {
  const hostile = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202egnp\r\nsecond line';

  beforeAll(async () => {
    await lab.tasks.enqueue(labTasks.fail, { message: hostile.repeat(5) }, { id: 'hostile' });
    await eventually('the dead letter', async () =>
      (await run('dlq list')).out.includes('hostile') ? true : undefined,
    );
  });

  it('does not steer the terminal, and fits on it', async () => {
    const screen = await gleanerOnTerminal('dlq list', lab.environment.env);
    // Of escape sequences there are ours, for the heading.
    const plain = screen.replaceAll('\u001b[1m', '').replaceAll('\u001b[22m', '').replaceAll('\r\n', '\n');
    expect(plain).toMatch(/^GROUP/);
    // oxlint-disable-next-line no-control-regex -- that is what it is about
    expect(plain).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    const lines = plain.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    for (const one of lines) expect(one.length).toBeLessThanOrEqual(80);
  });

  it('is told whole to programs, in characters that do no harm either', async () => {
    const { out } = await run('dlq list --json');
    // oxlint-disable-next-line no-control-regex -- that is what it is about
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(JSON.stringify(JSON.parse(out))).toContain('second line');
  });

  it('is coloured on a terminal only, and not when NO_COLOR is set', async () => {
    const bold = '\u001b[1m';
    expect(await gleanerOnTerminal('queues', lab.environment.env)).toContain(bold);
    expect(await gleanerOnTerminal('queues', { ...lab.environment.env, NO_COLOR: '1' })).not.toContain(
      '\u001b',
    );
    expect((await run('queues')).out).not.toContain('\u001b');
  });

  it('ends quietly when nobody reads on', async () => {
    const child = spawn(process.execPath, ['dist/cli.js', 'completion'], { env: {} });
    child.stdout.destroy();
    let told = '';
    child.stderr.on('data', (data: Buffer) => (told += data.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, told }).toEqual({ code: 0, told: '' });
  });
});

describe('the completion script', () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gleaner-completion-'));
    for (const shell of ['bash', 'zsh', 'fish'])
      writeFileSync(join(dir, shell), (await run(`completion ${shell}`, {})).out);
  });
  afterAll(async () => rm(dir, { recursive: true, force: true }));

  const ASK: Record<string, (words: readonly string[]) => string> = {
    bash: (words) =>
      `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _gleaner; printf '%s\\n' "\${COMPREPLY[@]}"`,
    // Without its line editor zsh completes nothing; what would be told to it is told to us.
    zsh: (words) =>
      `words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}; _gleaner | grep -- '^${words.at(-1)}'`,
    fish: (words) => `complete -C '${words.join(' ')}'`,
  };
  const BEFORE: Record<string, string> = {
    zsh: `compdef() { :; }; compadd() { print -l -- "\${@[2,-1]}"; };`,
  };
  const there = Object.keys(ASK).filter((shell) => spawnSync(shell, ['-c', 'true']).status === 0);

  describe.each(there)('for %s', (shell) => {
    it.each([
      ['ins', ['inspect']],
      ['control pool g', ['grow']],
      ['control pool -w some-worker g', ['grow']],
      ['control queue add l', ['low']],
      ['key create --role ', ['admin', 'operator', 'viewer']],
      ['dlq list --n', ['--name']],
      ['dlq list --name ', []],
    ])('completes "gleaner %s"', async (line, expected) => {
      const script = `${BEFORE[shell] ?? ''} source ${join(dir, shell)}; ${ASK[shell]?.(['gleaner', ...line.split(' ')])}`;
      const { stdout } = await promisify(execFile)(shell, ['-c', `${script}; true`]);
      expect(stdout.trim().split('\n').filter(Boolean).sort()).toEqual(expected);
    });
  });

  it('is tried in bash at least', () => expect(there).toContain('bash'));
});
