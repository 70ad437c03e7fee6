import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InvalidConfigError } from '../../src/core/config/index.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { bootApp } from '../support/test-app.js';
import { bearer } from '../support/test-key.js';

let environment: TestEnvironment;
let directory: string;

beforeAll(async () => {
  environment = await createEnvironment();
});
afterAll(() => environment?.dispose());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sources-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
  await environment.query(`DELETE FROM source WHERE slug <> 'quotes'`);
});

const yaml = (slug: string, name = 'Shop'): string => `
slug: ${slug}
name: ${name}
startUrls: [https://shop.example/]
extraction:
  items: [{ selector: p, key: [text], fields: { text: {} } }]`;

const write = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);

/** Boots, does something, and ends. */
async function booted(
  work?: (url: string) => Promise<unknown>,
  mode: 'api' | 'scheduler' = 'scheduler',
): Promise<void> {
  const app = await bootApp(mode, { ...environment.env, SOURCES_DIR: directory });
  await work?.(app.url);
  await app.close();
}

async function refusal(): Promise<InvalidConfigError> {
  return booted().then(
    () => expect.unreachable('the files should have been refused'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(InvalidConfigError);
      return error as InvalidConfigError;
    },
  );
}

async function switchOff(url: string, slug: string): Promise<void> {
  const answer = await fetch(`${url}/api/v1/sources/${slug}`, {
    method: 'PATCH',
    headers: { ...bearer(), 'content-type': 'application/json' },
    body: '{"enabled":false}',
  });
  expect(answer.status).toBe(200);
}

const spawn = (): GleanerProcess =>
  GleanerProcess.spawn({ ...environment.env, MODE: 'scheduler', LOG_LEVEL: 'info', SOURCES_DIR: directory });

interface Row {
  slug: string;
  name: string;
  origin: string;
  enabled: boolean;
  updated_at: Date;
}

const sources = (): Promise<Row[]> =>
  environment.query(
    `SELECT slug, name, origin, enabled, updated_at FROM source WHERE slug <> 'quotes' ORDER BY slug`,
  );

describe('the files in SOURCES_DIR', () => {
  it('declare a source each when a process boots: YAML and JSON, links too, and nothing else', async () => {
    await write('a.yaml', yaml('a'));
    await write('b.yml', yaml('b'));
    await write(
      'c.json',
      JSON.stringify({
        slug: 'c',
        name: 'C',
        startUrls: ['http://c.example/'],
        extraction: { items: [{ selector: 'p', key: ['text'], fields: { text: {} } }] },
      }),
    );
    await write('.hidden', yaml('hidden'));
    await symlink(join(directory, '.hidden'), join(directory, 'd.yaml'));
    await write('.e.yaml', 'not read');
    await write('README.md', 'not read');
    await booted();
    expect((await sources()).map(({ slug, origin, enabled }) => [slug, origin, enabled])).toEqual(
      ['a', 'b', 'c', 'hidden'].map((slug) => [slug, 'file', true]),
    );
  });

  it('are declared once by processes that boot at once, and again only where they have changed', async () => {
    const slugs = Array.from({ length: 30 }, (_, n) => `s${n + 10}`);
    for (const slug of slugs) await write(`${slug}.yaml`, yaml(slug));
    const processes = [1, 2, 3].map(() => spawn());
    try {
      await Promise.all(processes.map(async (process) => process.listening(100_000)));
    } finally {
      for (const process of processes) process.kill('SIGTERM');
    }
    const before = await sources();
    expect(before.map(({ slug }) => slug)).toEqual(slugs);

    await write('s10.yaml', yaml('s10', 'Other'));
    await booted();
    const after = await sources();
    expect(after[0]).toMatchObject({ name: 'Other' });
    expect(after.slice(1)).toEqual(before.slice(1));
  }, 120_000);

  it('are no longer scraped when they are gone, and again when they are back', async () => {
    await write('a.yaml', yaml('a'));
    await write('b.yaml', yaml('b'));
    await booted();
    await rm(join(directory, 'a.yaml'));
    await booted();
    expect((await sources()).map(({ slug, enabled }) => [slug, enabled])).toEqual([
      ['a', false],
      ['b', true],
    ]);
    await write('a.yaml', yaml('a'));
    await booted();
    expect((await sources()).map(({ enabled }) => enabled)).toEqual([true, true]);
  });

  it('do not switch on what somebody has switched off', async () => {
    await write('a.yaml', yaml('a'));
    await booted(async (url) => switchOff(url, 'a'), 'api');
    await write('a.yaml', yaml('a', 'Changed'));
    await booted();
    await rm(join(directory, 'a.yaml'));
    await booted();
    await write('a.yaml', yaml('a'));
    await booted();
    expect(await sources()).toMatchObject([{ enabled: false, name: 'Shop' }]);
  });

  it('do not come back on when somebody has switched them off while their file was gone', async () => {
    await write('a.yaml', yaml('a'));
    await booted();
    await rm(join(directory, 'a.yaml'));
    await booted(async (url) => switchOff(url, 'a'), 'api');
    await write('a.yaml', yaml('a'));
    await booted();
    expect(await sources()).toMatchObject([{ enabled: false }]);
  });

  it('say when their sources are scraped', async () => {
    const schedules = () => environment.query('SELECT name, cron, enabled FROM schedule ORDER BY name');
    await write('a.yaml', `${yaml('a')}\nschedule: { cron: 0 3 * * * }`);
    await write('b.yaml', yaml('b'));
    await booted();
    expect(await schedules()).toEqual([{ name: 'scrape:a', cron: '0 3 * * *', enabled: true }]);
    await write('a.yaml', `${yaml('a')}\nschedule: { cron: 0 4 * * * }`);
    await booted();
    expect(await schedules()).toEqual([{ name: 'scrape:a', cron: '0 4 * * *', enabled: true }]);
    await rm(join(directory, 'a.yaml'));
    await booted();
    expect(await schedules()).toEqual([{ name: 'scrape:a', cron: '0 4 * * *', enabled: false }]);
    await write('a.yaml', yaml('a'));
    await booted();
    expect(await schedules()).toEqual([]);
  });

  it('can be deleted once their files are gone', async () => {
    await write('a.yaml', yaml('a'));
    await booted();
    await rm(join(directory, 'a.yaml'));
    await booted(async (url) => {
      const answer = await fetch(`${url}/api/v1/sources/a`, { method: 'DELETE', headers: bearer('admin') });
      expect(answer.status).toBe(204);
    }, 'api');
    expect(await sources()).toEqual([]);
  });

  it('can be changed by nothing but the files', async () => {
    await write('a.yaml', yaml('a'));
    await booted(async (url) => {
      for (const method of ['PUT', 'DELETE']) {
        const answer = await fetch(`${url}/api/v1/sources/a`, {
          method,
          headers: { ...bearer('admin'), 'content-type': 'application/yaml' },
          body: yaml('a'),
        });
        expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'source.not_editable' }]);
      }
      const answer = await fetch(`${url}/api/v1/sources/a/schedule`, {
        method: 'DELETE',
        headers: bearer(),
      });
      expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'source.not_editable' }]);
    }, 'api');
  });
});

describe('files with faults', () => {
  it('keep every process from booting, with all faults of all files', async () => {
    await write('a.yaml', yaml('a').replace('selector: p,', 'selector: "p[",'));
    await write('b.yaml', 'slug: [');
    await write('c.yaml', yaml('c').replace('name: Shop', 'colour: red'));
    await write('d.yaml', yaml('same'));
    await write('e.yaml', yaml('same'));
    await write('f.json', '{');
    await write('g.yaml', `# ${'x'.repeat(1_048_576)}`);
    const { faults, message } = await refusal();
    expect(faults).toEqual([
      expect.stringMatching(
        /^a\.yaml: extraction\.items\.0\.selector: expected a CSS selector \(.+\), got "p\["$/,
      ),
      expect.stringMatching(/^b\.yaml: .+ in line 1, column \d+/),
      expect.stringMatching(/^c\.yaml: name: expected 1 to 200 characters, got nothing$/),
      'c.yaml: colour: is not known here; remove it',
      'e.yaml: slug: expected one of its own, got "same", as d.yaml has',
      expect.stringMatching(/^f\.json: .+JSON/),
      expect.stringMatching(/^g\.yaml: expected at most 1048576 bytes, got \d+$/),
    ]);
    expect(message).toContain('Correct these files (see docs/declared-sources.md) and start again.');
    expect(await sources()).toEqual([]);

    const gleaner = spawn();
    expect(await gleaner.exit()).toBe(InvalidConfigError.exitCode);
    for (const fault of faults) expect(gleaner.log).toContain(fault);
  });

  it('such as a slug that somebody else has', async () => {
    await write('a.yaml', yaml('a'));
    await write('b.yaml', yaml('quotes'));
    expect((await refusal()).faults).toEqual([
      'slug: expected one that nobody else has, got "quotes", declared by code',
    ]);
    expect(await sources()).toEqual([]);
  });

  it('such as a directory that is none', async () => {
    await rm(directory, { recursive: true });
    expect((await refusal()).faults).toEqual([
      expect.stringMatching(/^SOURCES_DIR: expected a directory, got/),
    ]);
    await write('x', '').catch(() => undefined);
    directory = await mkdtemp(join(tmpdir(), 'sources-'));
  });
});
