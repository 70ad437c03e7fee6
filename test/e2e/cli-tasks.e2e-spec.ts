import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gleaner, gleanerOnTerminal } from '../support/command.js';
import { eventually } from '../support/eventually.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { TaskLab } from '../support/task-lab/task-lab.js';

let lab: TaskLab;

beforeAll(async () => {
  lab = await TaskLab.open();
  await lab.launch();
  for (const id of ['a', 'b', 'c']) await lab.tasks.enqueue(labTasks.noop, { n: id }, { id });
  await lab.tasks.enqueue(labTasks.fail, { message: 'order 17 \u001b[31mis lost' }, { id: 'lost' });
  await lab.tasks.enqueue(labTasks.parent, {}, { id: 'parent' });
  await eventually('all of them to have ended', async () => {
    const rows = await lab.environment.query(
      `SELECT 1 FROM task WHERE state IN ('succeeded', 'failed') AND id IN ('a', 'b', 'c', 'lost', 'parent')`,
    );
    return rows.length === 5 ? true : undefined;
  });
});
afterAll(async () => lab?.[Symbol.asyncDispose]());

const run = async (line: string | readonly string[]) => gleaner(line, lab.environment.env);

async function json<T>(line: string | readonly string[]): Promise<T> {
  const { code, out } = await run(typeof line === 'string' ? `${line} --json` : [...line, '--json']);
  expect(code, out).toBe(0);
  return JSON.parse(out) as T;
}

describe('gleaner tasks', () => {
  it('lists tasks by a query, in an order, as many and as much of each as is wanted', async () => {
    const names = await json<{ id: string }[]>(
      'tasks name:lab.noop NOT parent:parent --columns id --sort enqueuedAt',
    );
    expect(names).toEqual([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    expect(await json('tasks name:lab.noop NOT parent:parent --columns id --limit 1')).toEqual([{ id: 'c' }]);
    // As one word, or as several.
    const query = 'state:failed error:"order 17"';
    for (const words of [[query], query.split(' error').map((part, n) => (n ? `error${part}` : part))])
      expect(await json(['tasks', ...words])).toMatchObject([
        { id: 'lost', state: 'failed', errorClass: 'TypeError' },
      ]);
  });

  it('shows them to people in a table, and says when there are more', async () => {
    const { out } = await run('tasks name:lab.noop NOT parent:parent --limit 2');
    expect(out).toMatch(/^TASK +NAME +QUEUE +STATE +ATTEMPT +ENQUEUED/);
    expect(out).toMatch(/^c +lab\.noop +default +succeeded +1 +20/m);
    expect(out).toContain('There are more; --limit takes up to 1000.');
    expect((await run('tasks id:nothing')).out).toBe('No task meets that.\n');
  });

  it('counts them', async () => {
    expect((await run('tasks name:lab.noop NOT parent:parent --count')).out).toBe('3\n');
    expect(await json('tasks name:lab.noop NOT parent:parent --count')).toEqual({ count: 3, atLeast: false });
  });

  it('points at what is wrong with a query, and does nothing', async () => {
    const { code, out } = await run('tasks state:failed name:x state:done');
    expect(code).toBe(2);
    const [query = '', caret = '', reason] = out.split('\n');
    expect(query.slice(caret.indexOf('^'))).toBe('done');
    expect(reason).toContain('position 26: expected one of pending');
    // Far away, and behind wide characters.
    const far = `error:"${'日本'.repeat(60)}" state:done`;
    const [excerpt = '', below = ''] = (await run(['tasks', far])).out.split('\n');
    const ahead = excerpt.slice(0, -'done'.length);
    expect(excerpt).toBe(`  …${far.slice(-54)}`);
    const wide = (ahead.match(/[日本]/g) ?? []).length;
    expect(below).toBe(`${' '.repeat(ahead.length + wide)}^`);
    // Nor does the excerpt steer the terminal.
    expect((await run(['tasks', 'state:\u001b[2J'])).out).not.toContain('\u001b');
  });

  it.each([
    ['tasks --limit 0', 'whole number from 1 to 1000'],
    ['tasks --limit 1001', 'whole number from 1 to 1000'],
    ['tasks --sort name', '-enqueuedAt, enqueuedAt, -finishedAt, finishedAt'],
    ['tasks --columns id,colour', '"colour" is none of them'],
    ['tasks show', "missing required argument 'id'"],
    ['tasks show a/b', 'Expected the id of a task'],
    ['tasks retry', "missing required argument 'id'"],
  ])('refuses "%s"', async (line, text) => {
    const { code, out } = await run(line);
    expect(out).toContain(text);
    expect(code).toBe(2);
  });

  it('shows one with its attempts, timeline, trace and children', async () => {
    const { out } = await run('tasks show lost');
    expect(out).toMatch(/^STATE +failed$/m);
    expect(out).toMatch(/^Attempts\nSTART +ATTEMPT +WORKER +OUTCOME/m);
    expect(out).toMatch(/^1 +1 +.* retry +/m);
    expect(out).toMatch(/^3 +3 +.* failed +.*TypeError: order 17 {2}\[31mis lost$/m);
    expect(out).toMatch(/^Timeline\nAT +WHAT/m);
    expect(out).toMatch(/^Trace of the latest error\n {2}TypeError: order 17/m);
    expect(out).not.toContain('\u001b');
    expect((await run('tasks show parent')).out).toMatch(/^Tasks that it has enqueued\nTASK +NAME +STATE/m);
    const detail = await json<{ attempts: object[]; timeline: object[] }>('tasks show lost');
    expect(detail).toMatchObject({ id: 'lost', state: 'failed', children: [] });
    expect(detail.attempts).toMatchObject([
      { outcome: 'retry' },
      { outcome: 'retry' },
      { outcome: 'failed' },
    ]);
    expect(Object.keys(detail)).not.toContain('payload');
    expect(await run('tasks show nothing')).toEqual({ code: 1, out: 'There is no task "nothing".\n' });
  });

  it('fits a terminal, with ids whole and states in colour', async () => {
    const screen = await gleanerOnTerminal('tasks id:lost', lab.environment.env);
    expect(screen).toContain('\u001b[31mfailed\u001b[39m');
    expect(screen).toMatch(/^lost {2}/m);
    expect(screen).toMatch(/order 17 …/);
  });

  it('repeats those that have ended, each as a task of its own, and names those that it cannot', async () => {
    await lab.tasks.enqueue(labTasks.work, { ms: 60_000 }, { id: 'long' });
    await lab.reached('begun', 1);
    await eventually('it in the history', async () => (await run('tasks show long')).code === 0 || undefined);
    const { code, out } = await run('tasks retry a long nothing --json');
    expect(code).toBe(1);
    const results = JSON.parse(out) as { retryOf: string; id?: string }[];
    expect(results).toEqual([
      { retryOf: 'a', id: expect.any(String) as string, created: true },
      { retryOf: 'long', error: expect.stringContaining('a task that has ended') as string },
      { retryOf: 'nothing', error: 'There is no task "nothing".' },
    ]);
    const again = await eventually('the new one to have ended', async () => {
      const [row] = await json<object[]>('tasks retry_of:a --columns id,state,args');
      return row && 'state' in row && row.state === 'succeeded' ? row : undefined;
    });
    expect(again).toEqual({ id: results[0]?.id, state: 'succeeded', args: { n: 'a' } });
  });
});
