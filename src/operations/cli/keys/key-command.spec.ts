import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../cli.errors.js';
import { KEY_HELP, parseKeyCommand } from './key-command.js';
import { table } from '../table.js';

const NOW = new Date('2026-11-21T12:00:00Z');
const parse = (line: string) => parseKeyCommand(line === '' ? [] : line.split(' '), NOW);

describe('the command line of keys', () => {
  it('knows its commands', () => {
    expect(parse('create --name ci --role operator')).toEqual({
      do: 'create',
      name: 'ci',
      role: 'operator',
      expiresAt: null,
      json: false,
    });
    expect(parse('create --name=ci --role=admin --expires 90d --json')).toMatchObject({
      expiresAt: new Date('2027-02-19T12:00:00Z'),
      json: true,
    });
    expect(parse('list --json')).toEqual({ do: 'list', json: true });
    expect(parse('revoke k3v9qa07mzt2')).toEqual({ do: 'revoke', id: 'k3v9qa07mzt2' });
    // Whoever has the key at hand need not cut the id out of it.
    expect(parse(`revoke glnr_k3v9qa07mzt2_${'s'.repeat(43)}`)).toEqual({ do: 'revoke', id: 'k3v9qa07mzt2' });
    for (const help of ['--help', '-h', 'help', 'create --help']) expect(parse(help)).toEqual({ do: 'help' });
  });

  it.each([
    ['', /expected a command, one of create, list, revoke, got nothing/],
    ['make', /got "make"/],
    ['create --role admin', /--name: is required/],
    ['create --name x', /--role: is required/],
    ['create --name x --role root', /--role: expected one of viewer, operator, admin, got "root"/],
    [`create --name ${'x'.repeat(101)} --role admin`, /--name: expected 1 to 100 characters/],
    [
      'create --name x --role admin --expires soon',
      /--expires: expected a time as 12h, 90d or 1y.*got "soon"/,
    ],
    ['create --name x --role admin --expires 0d', /expected a time to come/],
    ['create --name x --role admin --expires 2020-01-01', /expected a time to come/],
    ['create --name x --role admin --expires 2027-02-30', /expected a time as/],
    ['create --name x --role admin --expires 999y', /at most 100 years/],
    ['create x --name x --role admin', /expected nothing to follow, got "x"/],
    ['list --name x', /--name: "list" has no such option/],
    ['revoke', /expected ID to follow, got nothing/],
    ['revoke a b', /expected ID to follow, got "a b"/],
    ['revoke --json k3v9qa07mzt2', /--json: "revoke" has no such option/],
    ['create --colour red', /--colour/],
    ['toString', /expected a command/],
  ])('says of "%s" what was expected and what came', (line, message) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
  });

  it('refuses what it does not know with nothing but a UsageError, and never repeats a whole key', () => {
    const word = fc.oneof(
      fc.constantFrom('create', 'list', 'revoke', '--name', '--role', '--expires', '--json', 'admin', '--'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        try {
          parseKeyCommand(words, NOW);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
    const key = `glnr_k3v9qa07mzt2${'s'.repeat(44)}`;
    expect(() => parse(`revoke ${key}`)).toThrow(/got something else/);
  });

  it('has its examples right', () => {
    const examples = [...KEY_HELP.matchAll(/^ {2}npm run -s key -- (.+)$/gm)].map(([, line = '']) => line);
    expect(examples.length).toBeGreaterThanOrEqual(4);
    for (const line of examples) expect(() => parse(line), line).not.toThrow();
  });
});

it('a table has aligned columns and no blanks at the end of lines', () => {
  expect(
    table([
      ['ID', 'NAME'],
      ['1', 'a'],
      ['22', 'long'],
    ]),
  ).toBe('ID  NAME\n1   a\n22  long');
});
