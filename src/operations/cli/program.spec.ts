import { describe, expect, it } from 'vitest';
import { EXAMPLES } from './examples.js';
import { createProgram, everyCommand, nameOf, runProgram } from './program.js';
import type { Tools } from './tools.js';

class Opened extends Error {}

/** Of commands that are understood no more is seen than that they begin. */
function tools(): Tools & { told: string[]; status: number } {
  const told: string[] = [];
  const all = {
    told,
    status: 0,
    open: async () => {
      throw new Opened();
    },
    fail: (status: number) => void (all.status = status),
    terminal: {
      out: (text: string) => void told.push(text),
      note: (text: string) => void told.push(text),
      progress: () => undefined,
      width: undefined,
      paint: (_: string, text: string) => text,
    },
  };
  return all;
}

async function run(line: string): Promise<{ told: string; status: number; began: boolean }> {
  const given = tools();
  const began = await runProgram(wordsOf(line), given).then(
    () => false,
    (error: unknown) => {
      if (error instanceof Opened) return true;
      throw error;
    },
  );
  return { told: given.told.join(''), status: given.status, began };
}

/** As a shell would read it: quotation marks and what goes elsewhere. */
const wordsOf = (line: string): string[] =>
  [...line.replace(/ [|>] .*$/, '').matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, bare]) => quoted ?? bare ?? '',
  );

const commands = everyCommand(createProgram(tools())).map(nameOf);

describe('the help of a command', () => {
  it.each(commands)('%s has a description and examples that are right', async (name) => {
    const { told, status } = await run(`${name} --help`);
    expect(status).toBe(0);
    expect(told).toMatch(/Usage: .*\n\n\S.*\n/);
    const examples = [...told.matchAll(/^ {2}gleaner (.+)$/gm)].map(([, line = '']) => line);
    expect(examples.length).toBeGreaterThan(0);
    for (const line of examples) {
      expect(line.startsWith(name.replace(/ list$/, ''))).toBe(true);
      const ran = await run(line);
      expect(ran, line).toMatchObject({ status: 0, began: name !== 'completion' });
    }
  });

  it('is not told of commands that are no more', () => {
    expect(Object.keys(EXAMPLES).filter((name) => !commands.includes(name))).toEqual([]);
  });
});

describe('the command line', () => {
  it.each([
    ['keys', 'Usage: gleaner keys'],
    ['keys make', "unknown command 'make'"],
    ['keys create --role admin', "required option '--name <name>' not specified"],
    ['keys create --name x', "required option '--role <role>' not specified"],
    ['keys create --name x --role root', 'Allowed choices are viewer, operator, admin'],
    [`keys create --name ${'x'.repeat(101)} --role admin`, '--name: expected 1 to 100 characters'],
    ['keys create --name x --role admin --expires soon', '--expires: expected a time as 12h, 90d or 1y'],
    ['keys create --name x --role admin --expires 0d', 'expected a time to come, got "0d"'],
    ['keys create --name x --role admin --expires 2020-01-01', 'expected a time to come'],
    ['keys create --name x --role admin --expires 2027-02-30', 'expected a time as'],
    ['keys create --name x --role admin --expires 999y', 'at most 100 years'],
    ['keys create x --name x --role admin', 'too many arguments'],
    ['keys list --name x', "unknown option '--name'"],
    ['keys revoke', "missing required argument 'id'"],
    ['keys revoke a', 'expected the 12 letters and digits'],
    ['migrate now', 'too many arguments'],
    ['dlq replay', 'Which of them?'],
    ['completion csh', 'Allowed choices are bash, zsh, fish'],
  ])('says of "%s" what was expected, and does nothing', async (line, text) => {
    const { told, status, began } = await run(line);
    expect(told).toContain(text);
    expect({ status, began }).toEqual({ status: 2, began: false });
  });

  it('never repeats a whole key', async () => {
    const { told, status } = await run(`keys revoke glnr_k3v9qa07mzt2${'s'.repeat(44)}`);
    expect(status).toBe(2);
    expect(told).not.toContain('sss');
  });
});
