import { describe, expect, it } from 'vitest';
import { recordingTools, understood } from '../../../test/support/understood-command.js';
import { EXAMPLES } from './examples.js';
import { createProgram, everyCommand, nameOf } from './program.js';

const commands = everyCommand(createProgram(recordingTools())).map(nameOf);

describe('the help of a command', () => {
  it.each(commands)('%s has a description and examples that are right', async (name) => {
    const { told, status } = await understood(`${name} --help`);
    expect(status).toBe(0);
    expect(told).toMatch(/Usage: .*\n\n\S.*\n/);
    const examples = [...told.matchAll(/^ {2}gleaner (.+)$/gm)].map(([, line = '']) => line);
    expect(examples.length).toBeGreaterThan(0);
    for (const line of examples) {
      expect(line.startsWith(name.replace(/ list$/, ''))).toBe(true);
      const ran = await understood(line);
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
    const { told, status, began } = await understood(line);
    expect(told).toContain(text);
    expect({ status, began }).toEqual({ status: 2, began: false });
  });

  it('never repeats a whole key', async () => {
    const { told, status } = await understood(`keys revoke glnr_k3v9qa07mzt2${'s'.repeat(44)}`);
    expect(status).toBe(2);
    expect(told).not.toContain('sss');
  });
});
