import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../src/platform/auth/audit-entry.entity.js';
import type { SourceDetailDto } from '../../src/features/sources/source.dto.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { bootApp, type TestApp } from '../support/test-app.js';
import { bearer } from '../support/test-key.js';

let environment: TestEnvironment;
let app: TestApp;

beforeAll(async () => {
  environment = await createEnvironment();
  app = await bootApp('api', environment.env);
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
});

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & { errors?: { field: string; message: string }[] };
}

async function ask(method: string, path: string, body?: unknown, role: 'operator' | 'admin' = 'operator') {
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  return answerOf(
    await fetch(`${app.url}/api/v1/sources${path}`, {
      method,
      headers: { ...bearer(role), ...json },
      body: body === undefined ? null : JSON.stringify(body),
    }),
  );
}

async function answerOf(answer: Response): Promise<Answer> {
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
  };
}

const declaration = (slug: string, name = 'Shop') => ({
  slug,
  name,
  startUrls: ['https://shop.example/#top'],
  politeness: { downloadDelayMs: 250 },
  extraction: {
    items: [
      {
        selector: 'article',
        key: ['url'],
        fields: { url: { selector: 'a', attribute: 'href', type: 'url' } },
      },
    ],
    follow: [{ selector: 'li.next > a' }],
  },
});

describe('a source that is declared by the API', () => {
  it('is created with the defaults of what it does not say, and can be read as it is', async () => {
    const created = await ask('POST', '', declaration('created'));
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe('/api/v1/sources/created');
    expect(created.body).toMatchObject({
      slug: 'created',
      origin: 'api',
      spider: 'declared',
      enabled: true,
      startUrls: ['https://shop.example/'],
      politeness: { downloadDelayMs: 250, concurrentRequests: 1 },
      limits: { maxPages: 100_000 },
      extraction: { items: [{ kind: 'item', history: false, fields: { url: { list: false } } }] },
    });
    expect((await ask('GET', '/created')).body).toEqual(created.body);
  });

  it('is not created twice', async () => {
    const answers = await Promise.all([1, 2, 3].map(async () => ask('POST', '', declaration('once'))));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'source.exists' });
  });

  it('is replaced as a whole, and whoever has read it sees that', async () => {
    await ask('POST', '', declaration('replaced'));
    await ask('GET', '/replaced');
    const other = { ...declaration('replaced', 'Other'), politeness: undefined };
    const replaced = await ask('PUT', '/replaced', other);
    expect(replaced).toMatchObject({
      status: 200,
      body: { name: 'Other', politeness: { downloadDelayMs: 1000 } },
    });
    expect((await ask('GET', '/replaced')).body).toEqual(replaced.body);
  });

  it('is replaced under its own slug only, and only when it is there', async () => {
    await ask('POST', '', declaration('here'));
    expect(await ask('PUT', '/here', declaration('elsewhere'))).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'slug', message: 'expected "here" as in the URL, got "elsewhere"' }] },
    });
    expect((await ask('PUT', '/nowhere', declaration('nowhere'))).status).toBe(404);
  });

  it('is switched off and on', async () => {
    await ask('POST', '', declaration('switched'));
    expect((await ask('PATCH', '/switched', { enabled: false })).body).toMatchObject({ enabled: false });
    expect((await ask('GET', '/switched')).body).toMatchObject({ enabled: false });
    expect((await ask('PATCH', '/switched', { enabled: true })).body).toMatchObject({ enabled: true });
    expect((await ask('PATCH', '/nowhere', { enabled: true })).status).toBe(404);
  });

  it('is deleted by an admin with all its runs, unless one of them is under way', async () => {
    await ask('POST', '', declaration('deleted'));
    expect((await ask('DELETE', '/deleted')).status).toBe(403);
    await environment.query(
      `INSERT INTO run (id, source_id, trigger, status, stats, failures)
       SELECT gen_random_uuid(), id, 'api', 'pending', '{}', '[]' FROM source WHERE slug = 'deleted'`,
    );
    expect(await ask('DELETE', '/deleted', undefined, 'admin')).toMatchObject({
      status: 409,
      body: { code: 'source.in_use' },
    });
    await environment.query(`UPDATE run SET status = 'succeeded'`);
    expect((await ask('DELETE', '/deleted', undefined, 'admin')).status).toBe(204);
    expect(await environment.query('SELECT 1 FROM run')).toEqual([]);
    expect((await ask('GET', '/deleted')).status).toBe(404);
    expect((await ask('DELETE', '/deleted', undefined, 'admin')).status).toBe(404);
  });

  it('needs a key to be changed, and whoever changes it is in the audit', async () => {
    for (const [method, path] of [
      ['POST', ''],
      ['PUT', '/created'],
      ['PATCH', '/created'],
      ['DELETE', '/created'],
    ]) {
      const url = `${app.url}/api/v1/sources${path}`;
      expect((await fetch(url, { method })).status, `${method} ${path}`).toBe(401);
      expect((await fetch(url, { method, headers: bearer('viewer') })).status, `${method} ${path}`).toBe(403);
    }
    await ask('POST', '', declaration('audited'));
    const entries = await environment.query<AuditEntry>(
      `SELECT * FROM audit_entry WHERE action = 'POST /api/v1/sources' ORDER BY at DESC LIMIT 1`,
    );
    expect(entries).toMatchObject([{ key_id: 'testoperat00', outcome: 'done', detail: 'status 201' }]);
  });
});

describe('a source that code declares', () => {
  it('can be switched off, which stays so, and nothing else', async () => {
    expect(await ask('PUT', '/quotes', declaration('quotes'))).toMatchObject({
      status: 409,
      body: { code: 'source.not_editable' },
    });
    expect((await ask('DELETE', '/quotes', undefined, 'admin')).body).toMatchObject({
      code: 'source.not_editable',
    });
    expect((await ask('GET', '/quotes')).body).toMatchObject({ origin: 'code', extraction: null });
    expect((await ask('PATCH', '/quotes', { enabled: false })).status).toBe(200);
    await app.close();
    app = await bootApp('api', environment.env);
    expect((await ask('GET', '/quotes')).body).toMatchObject({ enabled: false });
  });
});

describe('a slug that somebody has taken before code declares it', () => {
  it('stays theirs', async () => {
    await environment.query(`UPDATE source SET origin = 'api', name = 'Mine' WHERE slug = 'quotes'`);
    await app.close();
    app = await bootApp('api', environment.env);
    expect((await ask('GET', '/quotes')).body).toMatchObject({ origin: 'api', name: 'Mine' });
    await environment.query(`UPDATE source SET origin = 'code' WHERE slug = 'quotes'`);
  });
});

describe('fields', () => {
  it('stay in the order in which they were declared', async () => {
    const fields = { zeta: {}, url: { selector: 'a' }, alpha: { selector: 'b' } };
    const items = [{ selector: 'article', key: ['url'], fields }];
    await ask('POST', '', { ...declaration('ordered'), extraction: { items } });
    const { extraction } = (await ask('GET', '/ordered')).body as unknown as SourceDetailDto;
    expect(Object.keys(extraction!.items[0]!.fields)).toEqual(['zeta', 'url', 'alpha']);
  });
});

describe('a declaration that is wrong', () => {
  it('is refused with each fault: the field, what was expected, and what came', async () => {
    const wrong = declaration('wrong');
    const field = { selector: 'a::text', regex: '(?=a)', type: 'date', format: 'd.m', colour: 'red' };
    const items = [{ selector: 'p[', key: ['title'], fields: { url: field } }];
    const refused = await ask('POST', '', { ...wrong, startUrls: ['ftp://a'], extraction: { items } });
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    expect(refused.body.errors?.map((error) => `${error.field}: ${error.message}`)).toEqual([
      expect.stringMatching(/^startUrls\.0: expected a URL with http or https, .*, got "ftp:\/\/a"$/),
      'extraction.items.0.fields.url.colour: is not known here; remove it',
      expect.stringMatching(/^extraction\.items\.0\.selector: expected a CSS selector \(.+\), got "p\["$/),
      'extraction.items.0.key.0: expected one of the fields url, got "title"',
      expect.stringMatching(
        /^extraction\.items\.0\.fields\.url\.selector: expected a CSS selector \(Pseudo-elements .+\), got/,
      ),
      expect.stringMatching(
        /^extraction\.items\.0\.fields\.url\.regex: expected a regular expression of RE2 \(.+\), got "\(\?=a\)"$/,
      ),
      'extraction.items.0.fields.url.format: expected a format in the tokens of luxon (it has no year), got "d.m"',
    ]);
  });

  it.each([
    ['NUL, which PostgreSQL does not store', { name: 'a\0b' }, 'name'],
    ['half a pair of surrogates', { name: 'a\ud800' }, 'name'],
    ['a slug that is none', { slug: 'A b' }, 'slug'],
    ['no URL to begin with', { startUrls: [] }, 'startUrls'],
    ['a password in a URL', { startUrls: ['https://a:b@shop.example/'] }, 'startUrls.0'],
    ['no extraction', { extraction: undefined }, 'extraction'],
    ['a member that nobody knows', { spider: 'quotes' }, 'spider'],
  ])('such as %s', async (_, part, field) => {
    const answer = await ask('POST', '', { ...declaration('refused'), ...part });
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.map((error) => error.field)).toEqual([field]);
  });
});

describe('YAML', () => {
  const post = async (yaml: string, type = 'application/yaml') =>
    answerOf(
      await fetch(`${app.url}/api/v1/sources`, {
        method: 'POST',
        headers: { ...bearer(), 'content-type': type },
        body: yaml,
      }),
    );

  it('says the same as JSON', async () => {
    const yaml = `
      # Comments are what it is for.
      slug: from-yaml
      name: 2024-05-17
      startUrls: [https://shop.example/]
      extraction:
        items:
          - selector: article
            key: [url]
            fields:
              url: { selector: a, attribute: href, type: url }`;
    expect(await post(yaml, 'application/yaml; charset=utf-8')).toMatchObject({
      status: 201,
      body: { slug: 'from-yaml', name: '2024-05-17' },
    });
    expect((await post(yaml)).body).toMatchObject({ code: 'source.exists' });
  });

  it('is checked as JSON is', async () => {
    const answer = await post('slug: yaml\nstartUrls: [7]');
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.map(({ field }) => field)).toEqual(['name', 'startUrls.0', 'extraction']);
  });

  it.each([
    ['no YAML', 'a: [1\nb: 2'],
    ['nothing', ''],
    ['two documents', 'a: 1\n---\nb: 2'],
    ['one key twice', 'a: 1\na: 2'],
    ['an alias', 'a: &a [1]\nb: *a'],
    ['a document that grows in memory', 'a: &a [x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]'],
    ['something that is nested too deeply', '['.repeat(100_000)],
    ['a type that JSON does not have', 'a: !!binary aGk='],
  ])('that is %s is refused', async (_, yaml) => {
    const answer = await post(yaml);
    expect(answer).toMatchObject({ status: 400, body: { code: 'yaml.malformed' } });
  });

  it('is not taken in any length, and not read at all for who may not send it', async () => {
    expect((await post(`# ${'x'.repeat(300_000)}`)).status).toBe(413);
    const stranger = await fetch(`${app.url}/api/v1/sources`, {
      method: 'POST',
      headers: { 'content-type': 'application/yaml' },
      body: '['.repeat(1000),
    });
    expect(stranger.status).toBe(401);
  });
});
