import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startSite, type Site } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { bootApp, type TestApp } from '../support/test-app.js';

interface Example {
  method: string;
  path: string;
  withKey: boolean;
  /** JSON, if it sends any. */
  sent: string | undefined;
  /** The answer that the README shows, if it shows one. */
  sample: unknown;
}

let site: Site;
let environment: TestEnvironment;
let app: TestApp;
/** As the README makes it. */
let key: string;

beforeAll(async () => {
  site = await startSite();
  environment = await createEnvironment({ QUOTES_START_URL: site.url });
  app = await bootApp('all', environment.env);
  await new Api(app.url).scrape();
  key = await makeKey();
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
  await site?.close();
});

/** Runs the README's own command, without npm around it. */
async function makeKey(): Promise<string> {
  const [, args = ''] = /^npm run -s key -- (create .+)$/m.exec(readFileSync('README.md', 'utf8')) ?? [];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['dist/cli.js', 'key', ...args.split(' '), '--json'],
    {
      env: { ...process.env, ...environment.env },
    },
  );
  return (JSON.parse(stdout) as { key: string }).key;
}

const CURL =
  /^curl (?:-X (\w+) )?(-H "Authorization: Bearer \$GLEANER_KEY" )?(?:-H 'Content-Type: application\/json' -d '([^']+)' )?'http:\/\/127\.0\.0\.1:3000(\S+)'$/gm;

/** The `curl` lines of the sections about HTTP; a json block after a sh block is the answer to its last line. */
function examples(): Example[] {
  const found: Example[] = [];
  for (const title of ['Operating it', 'API']) {
    const [, section = ''] =
      new RegExp(`\n## ${title}\n([\\s\\S]*?)\n## `).exec(readFileSync('README.md', 'utf8')) ?? [];
    for (const [, language, code = ''] of section.matchAll(/```(sh|json)\n([\s\S]*?)```/g)) {
      const last = found.at(-1);
      if (language === 'json' && last) last.sample = JSON.parse(code);
      // As a shell reads it, a line that ends with a backslash goes on.
      const lines = language === 'sh' ? code.replaceAll(/\\\n */g, '') : '';
      for (const [, method = 'GET', withKey, sent, path = ''] of lines.matchAll(CURL))
        found.push({ method, path, withKey: withKey !== undefined, sent, sample: undefined });
    }
  }
  return found;
}

/** Names and types without values: what a reader of an example relies on. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
}

it.each(examples())('README: $method $path', async ({ method, path, withKey, sent, sample }) => {
  const answer = await fetch(app.url + path, {
    method,
    headers: {
      ...(withKey && { authorization: `Bearer ${key}` }),
      ...(sent !== undefined && { 'content-type': 'application/json' }),
    },
    ...(sent !== undefined && { body: sent }),
  });
  const body = (await answer.json()) as { items?: unknown[] };
  const refused =
    typeof sample === 'object' && sample !== null && 'status' in sample ? sample.status : undefined;
  expect(answer.status).toBe(refused ?? (method === 'POST' && sent === undefined ? 202 : 200));
  if (sample !== undefined) expect(shapeOf(body)).toEqual(shapeOf(sample));
  // An example that finds nothing is no example; but nothing has failed here for good.
  if (body.items && !path.includes('dead-letters')) expect(body.items.length).toBeGreaterThan(0);
});

it('README: has examples', () => {
  expect(examples().length).toBeGreaterThanOrEqual(16);
  expect(examples().length).toBe(readFileSync('README.md', 'utf8').match(/^curl /gm)?.length);
});
