import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { commandsOf } from '../support/runbook.js';
import { bootApp, type TestApp } from '../support/test-app.js';
import { bearer } from '../support/test-key.js';

const CURL = /^(-H "Authorization: Bearer \$GLEANER_KEY" )?'http:\/\/127\.0\.0\.1:(\d+)(\/\S+)'$/;

let site: Site;
let environment: TestEnvironment;
let app: TestApp;

beforeAll(async () => {
  site = await startSite();
  environment = await createEnvironment({ QUOTES_START_URL: site.url });
  app = await bootApp('all', environment.env);
  await new Api(app.url).scrape();
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
  await site?.close();
});

const lines = new Set(readdirSync('docs/runbooks').flatMap((page) => commandsOf(page, 'curl')));

it.each([...lines])('curl %s answers', async (line) => {
  const [, withKey, port, path] = CURL.exec(line) ?? [];
  // Those of Prometheus and Alertmanager are asked by test/boot/monitoring.e2e-spec.ts.
  if (port === '9090' || port === '9093') return expect(path).toBe('/-/ready');
  expect(port, 'a line that this test understands').toBe('3000');
  const answer = await fetch(app.url + path, { headers: withKey ? bearer('viewer') : {} });
  await answer.arrayBuffer();
  expect(answer.status).toBe(200);
});
