import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
// What main.ts loads: every slice that a process validates when it boots is declared by this.
import '../../src/app/start.js';
import { declaredSlices } from '../../src/core/config/index.js';
import { interpolations } from '../support/compose-file.js';

/** The section of variables that the application does not know. */
const COMPOSE = 'compose';

interface Entry {
  section: string;
  name: string;
  /** What is written behind the `=`, as an `.env` file is read. */
  value: string;
  commentedOut: boolean;
  comment: string;
}

const entries = readExample();
const settings = declaredSlices().flatMap((slice) =>
  Object.values(slice.settings).map((setting) => ({ ...setting, slice: slice.name })),
);
const required = settings.filter(({ schema }) => !schema.safeParse(undefined).success);

describe('.env.example', () => {
  test('has every setting once, under the name of its slice, and nothing that nobody reads', () => {
    const declared = settings.map(({ slice, env }) => `${slice}: ${env}`);
    const shown = entries
      .filter(({ section }) => section !== COMPOSE)
      .map(({ section, name }) => `${section}: ${name}`);
    expect(shown.sort()).toEqual(declared.sort());
  });

  test.each(settings)('says of $env what it is for', ({ env, about }) => {
    expect(entryOf(env).comment).toContain(about);
  });

  test.each(required)('leaves $env to be filled in, for it is required', ({ env }) => {
    expect(entryOf(env)).toMatchObject({ value: '', commentedOut: false });
  });

  test.each(settings.filter((setting) => !required.includes(setting)))(
    'shows the default of $env',
    ({ env, schema }) => {
      const { value, commentedOut } = entryOf(env);
      const byDefault = schema.parse(undefined);
      expect(commentedOut).toBe(true);
      // Nothing is written only where nothing is the default: an empty list, or a setting that is simply off.
      const nothing = Array.isArray(byDefault) ? [] : undefined;
      expect(value === '' ? nothing : schema.parse(value)).toEqual(byDefault);
    },
  );

  test('has, in a section of its own, what docker/compose.yaml asks for', () => {
    const shown = entries.filter(({ section }) => section === COMPOSE);
    const asked = interpolations().map(({ name, fallback }) => ({
      name,
      value: fallback ?? '',
      commentedOut: fallback !== undefined,
    }));
    const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name);
    expect(
      shown.map(({ name, value, commentedOut }) => ({ name, value, commentedOut })).sort(byName),
    ).toEqual(asked.sort(byName));
  });
});

function entryOf(name: string): Entry {
  const entry = entries.find((candidate) => candidate.name === name);
  if (!entry)
    throw new Error(`${name} is missing: add it, below a comment with its "about", to .env.example`);
  return entry;
}

/** A section is `## name: where it is declared`; an entry is `NAME=value` or `# NAME=default` below its comment. */
function readExample(): Entry[] {
  const found: Entry[] = [];
  let section = '';
  let comment: string[] = [];
  for (const line of readFileSync(new URL('../../.env.example', import.meta.url), 'utf8').split('\n')) {
    const heading = /^## ([a-z-]+):/.exec(line);
    const assignment = /^(# )?([A-Z][A-Z0-9_]*)=/.exec(line);
    if (heading) {
      section = heading[1]!;
    } else if (assignment) {
      const [, mark, name = ''] = assignment;
      const value = parseEnv(line.replace(/^# /, ''))[name] ?? '';
      found.push({ section, name, value, commentedOut: mark !== undefined, comment: comment.join(' ') });
    }
    if (heading || assignment || line === '') comment = [];
    else comment.push(line.replace(/^# /, ''));
  }
  return found;
}
