import fc from 'fast-check';
import { Client } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { extractionSchema } from '../../src/features/sources/index.js';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import type { Credentials } from '../support/fuzz/headers.js';
import { Judge } from '../support/fuzz/judge.js';
import { learn } from '../support/fuzz/known.js';
import type { OpenApiDocument } from '../support/fuzz/openapi.js';
import { type FuzzRequest, type Known, requests } from '../support/fuzz/requests.js';
import { curl, type FuzzAnswer, send } from '../support/fuzz/send.js';
import { bootApp, type TestApp } from '../support/test-app.js';
import { bearer } from '../support/test-key.js';

/** The same requests at every run; FUZZ_SEED=… and FUZZ_REQUESTS=… look further. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_251_121);
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 30_000);

/**
 * Statuses that take a server in trouble or a client over its limit, which other tests bring about; among them what
 * depends on whether a run is just under way, and on its body, which few of these requests have. Operators' routes are
 * about tasks in a certain state: test/e2e/ops-*.e2e-spec.ts.
 */
const NOT_BY_REQUESTS_ALONE =
  /408|429|503|\/ops\/|quotes\/random 404|runs\/\{id\}\/\w+ (200|409|413|415)|records\/\{id\}(\/changes)? 304|PUT \S+\{slug\} (?:409|413)/;

const NO_LIMIT = '10000000/1000s,burst=10000000';
const NO_LIMITS = {
  THROTTLE_DEFAULT: NO_LIMIT,
  THROTTLE_SEARCH: NO_LIMIT,
  THROTTLE_RUN: NO_LIMIT,
  AUTH_FAILURE_LIMIT: '10000',
};

let site: Site;
let environment: TestEnvironment;
let app: TestApp;
let judge: Judge;
let known: Known;
let etags: string[];
/** How often each operation answered with each status. */
const seen = new Map<string, number>();

beforeAll(async () => {
  site = await startSite();
  environment = await createEnvironment({
    QUOTES_START_URL: site.url,
    ...NO_LIMITS,
    AUTH_FAILURE_LIMIT: '1000000',
  });
  const scraping = await bootApp('all', environment.env);
  await new Api(scraping.url).scrape();
  await scraping.close();
  await storeWhatIsIncomplete();
  // Without a worker a run that is started stays pending: what is asked does not change under the requests.
  app = await bootApp('api', environment.env);
  judge = new Judge((await (await fetch(`${app.url}/docs/openapi.json`)).json()) as OpenApiDocument);
  known = await learn(new Api(app.url), [`${site.url}/`, `${site.url}/nowhere/`]);
  const answers = await Promise.all(['quotes', 'tags'].map((list) => fetch(`${app.url}/api/v1/${list}`)));
  etags = answers.map((answer) => answer.headers.get('etag')).filter((etag) => etag !== null);
});

/** As much null and emptiness as the tables allow: an author known by name only, a run that failed early, … */
async function storeWhatIsIncomplete(): Promise<void> {
  await environment.query(`INSERT INTO author (slug, name) VALUES ('!', ''), ('\u{10FFFF}', '<')`);
  // Enough to be deleted now and then before a run refers to them.
  await environment.query(
    `INSERT INTO source (slug, name, origin, spider, start_urls)
     SELECT 'spare-' || n, 'Spare', 'api', 'declared', '{}' FROM generate_series(1, 15) AS n`,
  );
  await environment.query(
    `INSERT INTO source (slug, name, origin, spider, start_urls)
     SELECT 'filed-' || n, 'Filed', 'file', 'declared', '{}' FROM generate_series(1, 3) AS n`,
  );
  await environment.query(
    `INSERT INTO run (id, source_id, trigger, status, finish_reason, stats, failures, error)
     SELECT gen_random_uuid(), source_id, trigger, 'failed', 'error', stats, '[]', 'x' FROM run`,
  );
  await environment.query(
    `INSERT INTO schedule (id, name, target, payload, cron, time_zone, jitter_seconds, overlap, enabled,
       next_slot, next_run_at, last_outcome)
     SELECT gen_random_uuid(), name, 'x', '{}', '0 0 1 1 *', 'UTC', 0, 'queue', at IS NOT NULL, at, at, outcome
     FROM (VALUES ('!', NULL::timestamptz, NULL), ('/%', '2099-01-01', 'failed')) AS s (name, at, outcome)`,
  );
  await environment.query(
    `INSERT INTO dead_letter (task_id, name, queue, envelope, args, attempts, options, error_class, error_message,
       fingerprint, failed_at)
     SELECT CASE n WHEN 3 THEN 'no:task' ELSE 'letter-' || n END, 'lost.task', 'low',
       '{"version": 1, "payload": null, "enqueuedAt": 1, "headers": {}}', 'null', 0,
       '{"maxAttempts": 1, "backoff": {"baseMs": 1, "maxMs": 1}}', '', '', 'f1', now()
     FROM generate_series(1, 40) n`,
  );
  await environment.query(
    `INSERT INTO source (slug, name, spider, start_urls, extraction) VALUES ('books', '', 'declared', '{}', $1)`,
    [
      extractionSchema.parse({
        items: [
          {
            kind: 'book',
            selector: 'li',
            key: ['title'],
            fields: { title: {}, price: {}, tags: { selector: 'b', list: true } },
          },
        ],
      }),
    ],
  );
  await environment.query(
    `INSERT INTO record (source_id, kind, key_hash, key, data, url, last_run_id, changed_run_id)
     SELECT id, kind, sha256((kind || n)::bytea), '[]', CASE n % 3 WHEN 0 THEN '{}'::jsonb WHEN 1 THEN
       jsonb_build_object('title', 'To be', 'price', n, 'tags', '["red"]'::jsonb) ELSE '{"nested": {"a": [null, {}]}}' END,
       '', gen_random_uuid(), gen_random_uuid()
     FROM source, generate_series(1, 20) n, unnest('{book,of an older declaration}'::text[]) kind WHERE slug = 'books'`,
  );
  await environment.query(
    `INSERT INTO record_change (record_id, run_id, before, after)
     SELECT id, gen_random_uuid(), '{}', data FROM record, generate_series(1, 3)`,
  );
}

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
  await site?.close();
});

/** Mostly what the session has, now and then something that cannot be right. */
function presenting(authorization: string | undefined): Credentials {
  const wrong = [
    '',
    'Bearer',
    'Bearer ',
    'Bearer x',
    'Basic eDp5',
    'Basic %',
    'Digest a="b"',
    `Bearer ${'x'.repeat(3000)}`,
  ];
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(authorization) },
    { weight: 1, arbitrary: fc.constantFrom(...wrong) },
  );
}

async function expectDocumented(credentials: Credentials, count: number, seed: number): Promise<void> {
  const client = new Client(app.url, { bodyTimeout: 20_000, headersTimeout: 20_000 });
  try {
    await fc.assert(
      fc.asyncProperty(requests(judge.operations, known, etags, credentials), async (request) => {
        const answer = await send(client, request);
        const faults = judge.faults(request, answer);
        const operation = judge.operationOf(request)?.id ?? 'undocumented';
        const key = `${operation} ${answer.status}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
        if (faults.length === 0) return;
        throw new Error(
          `${faults.join('; ')}\n${answer.status} ${answer.body.slice(0, 1000)}\n${curl(app.url, request)}`,
        );
      }),
      { seed, numRuns: count },
    );
  } finally {
    await client.destroy();
  }
}

describe('an answer that contradicts the document', () => {
  const asked: FuzzRequest = {
    method: 'GET',
    target: '/api/v1/quotes?limit=1',
    headers: { 'accept-encoding': 'br' },
    body: undefined,
    valid: true,
  };
  const json = { 'content-type': 'application/json' };
  const page = (item: object): string => JSON.stringify({ items: [item], nextCursor: null });
  const problem = {
    type: 'about:blank',
    title: 'x',
    status: 400,
    detail: 'x',
    code: 'invalid_input',
    instance: 'x',
  };

  it.each<[fault: string, answer: Partial<FuzzAnswer>, request?: Partial<FuzzRequest>]>([
    ['status 500', { status: 500 }],
    ['does not document status 204', { status: 204 }],
    ['media type "text/html"', { headers: { 'content-type': 'text/html' } }],
    ['the body is not JSON', { body: '{' }],
    ['must have required property', { body: page({ id: 1 }) }],
    [
      'must NOT have additional properties',
      { body: JSON.stringify({ items: [], nextCursor: null, more: 1 }) },
    ],
    ['nextCursor must be string', { body: JSON.stringify({ items: [], nextCursor: 1 }) }],
    ['shows the inside', { body: page({ text: 'at x (/app/node_modules/y.js:1:2)' }) }],
    ['content-encoding gzip was not asked for', { headers: { ...json, 'content-encoding': 'gzip' } }],
    ['a body that must not be there', {}, { method: 'HEAD' }],
    ['for what the document does not have', {}, { method: 'DELETE' }],
    ['for what the document does not have', {}, { target: '/api/v1/quotes/1/2' }],
    ['media type "application/json" of an error', { status: 404 }, { target: '/api/v1/nothing' }],
    [
      'the server refuses them',
      { status: 400, headers: { 'content-type': 'application/problem+json' }, body: JSON.stringify(problem) },
    ],
    [
      'the problem says status 400',
      { status: 404, headers: { 'content-type': 'application/problem+json' }, body: JSON.stringify(problem) },
      { target: '/api/v1/quotes/9' },
    ],
  ])('is noticed: %s', (fault, answer, request) => {
    const good: FuzzAnswer = {
      status: 200,
      headers: json,
      body: JSON.stringify({ items: [], nextCursor: null }),
    };
    expect(judge.faults(asked, good)).toEqual([]);
    expect(judge.faults({ ...asked, ...request }, { ...good, ...answer }).join('\n')).toContain(fault);
  });
});

describe('whatever is asked, the answer is one that the OpenAPI document has', () => {
  it.each([
    ['without a key', undefined, SEED],
    ['with the key of a viewer', bearer('viewer').authorization, SEED + 1],
    ['with the key of an operator', bearer('operator').authorization, SEED + 2],
    ['with the key of an admin', bearer('admin').authorization, SEED + 3],
  ])('%s', async (_session, authorization, seed) => {
    await expectDocumented(presenting(authorization), Math.ceil(REQUESTS / 4), seed);
  });

  it('and every operation has given every answer that it documents', () => {
    const missing = judge.operations.flatMap(({ id, responses }) =>
      Object.keys(responses)
        .map((status) => `${id} ${status}`)
        .filter((key) => !NOT_BY_REQUESTS_ALONE.test(key))
        .filter((key) => !seen.has(key)),
    );
    expect(
      missing,
      [...seen]
        .map(([key, count]) => `${count} × ${key}`)
        .sort()
        .join('\n'),
    ).toEqual([]);
    expect(seen.get('undocumented 404')).toBeGreaterThan(100);
  });
});
