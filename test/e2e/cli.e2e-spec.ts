import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

/** Runs the compiled command line as an operator would. */
async function gleaner(line: string, env: Record<string, string> = lab.environment.env) {
  const program = new Program(process.execPath, ['dist/cli.js', ...line.split(' ').filter(Boolean)], {
    env: { PATH: process.env.PATH, ...env },
  });
  return { code: await program.exit(), out: program.log };
}

async function json<T>(line: string): Promise<T> {
  const { code, out } = await gleaner(`${line} --json`);
  expect(code, out).toBe(0);
  return JSON.parse(out) as T;
}

describe('the command line of operators', () => {
  it('shows workers and what they run, and controls them', async () => {
    await lab.tasks.enqueue(labTasks.work, { ms: 60_000 }, { id: 'long-one' });
    await lab.reached('begun', 1);
    const workers = await gleaner('inspect workers');
    expect(workers).toMatchObject({ code: 0, out: expect.stringMatching(/WORKER +STATE[^]+online/) });
    const active = await gleaner('inspect active');
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
    const { code, out } = await gleaner('inspect ping --worker nobody --timeout 0.5');
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
    expect(JSON.parse((await gleaner(`dlq show ${example}`)).out)).toMatchObject({ errorClass: 'TypeError' });
    expect(await json(`dlq replay ${example}`)).toMatchObject({ total: 1, replayed: 1 });
    expect(await json(`dlq replay ${example}`)).toMatchObject({ total: 0, replayed: 0 });
    expect((await gleaner('dlq purge')).code).toBe(2);
    await eventually('what was replayed to fail again', async () =>
      (await json<{ count: number }[]>('dlq list'))[0]?.count === 3 ? true : undefined,
    );
    expect(await json('dlq purge --all')).toEqual({ purged: 3 });
    expect((await gleaner('dlq list')).out).toBe('Nothing has failed for good.\n');
  });

  it('pauses and resumes queues', async () => {
    await gleaner('queues pause low');
    expect(await json('queues')).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'low', paused: true })]),
    );
    await gleaner('queues resume low');
    expect((await gleaner('queues')).out).toMatch(/low +running/);
  });

  it('says in "doctor" what is well, what is not, and what to do', async () => {
    await eventually('a heartbeat', async () => (await lab.environment.query('SELECT 1 FROM beat'))[0]);
    const findings = await json<{ check: string; verdict: string }[]>('doctor');
    const verdicts = Object.fromEntries(findings.map(({ check, verdict }) => [check, verdict]));
    expect(verdicts).toMatchObject({
      database: 'ok',
      migrations: 'ok',
      redis: 'ok',
      'memory policy of Redis': 'ok',
      workers: 'ok',
      heartbeat: 'ok',
      queues: 'ok',
    });
    const nobody = { ...lab.environment.env, REDIS_PREFIX: `${lab.environment.env.REDIS_PREFIX}-other` };
    const { code, out } = await gleaner('doctor', nobody);
    expect(code).toBe(1);
    expect(out).toMatch(/workers +error +none is online +Start one/);
  });

  it.each([
    ['', 0, 'Usage: gleaner'],
    ['--help', 0, 'Examples:'],
    ['inspect --help', 0, 'registered'],
    ['dance', 2, "unknown command 'dance'"],
    ['control pool grow many', 2, 'whole number from 1 to 3000'],
    ['control rate-limit scrape.run fast', 2, 'such as 10/m'],
    ['control queue cancel lowest', 2, 'high, default, low'],
  ])('understands "%s" without a configuration: status %i', async (line, code, text) => {
    const answer = await gleaner(line, {});
    expect(answer).toMatchObject({ code, out: expect.stringContaining(text) });
  });

  it('completes words in bash', async () => {
    const script = (await gleaner('completion', {})).out;
    const complete = async (...words: string[]): Promise<string[]> => {
      const ask = `${script}
COMP_WORDS=(${words.map((word) => `"${word}"`).join(' ')}); COMP_CWORD=${words.length - 1}; _gleaner; echo "\${COMPREPLY[@]}"`;
      const { stdout } = await promisify(execFile)('bash', ['-c', ask]);
      return stdout.trim().split(' ');
    };
    expect(await complete('gleaner', 'ins')).toEqual(['inspect']);
    expect(await complete('gleaner', 'control', 'pool', 'g')).toEqual(['grow']);
    expect(await complete('gleaner', 'key', '')).toEqual(expect.arrayContaining(['create', 'revoke']));
  });
});
