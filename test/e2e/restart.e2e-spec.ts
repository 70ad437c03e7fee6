import { afterAll, beforeAll, expect, it } from 'vitest';
import type { QuoteDto } from '../../src/features/quotes/reading/quote.dto.js';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { bootApp } from '../support/test-app.js';

let site: Site;
let environment: TestEnvironment;

beforeAll(async () => {
  site = await startSite();
  environment = await createEnvironment({ QUOTES_START_URL: site.url });
});

afterAll(async () => {
  await environment?.dispose();
  await site?.close();
});

it('keeps what it has over a restart, and declares its source once', async () => {
  const first = await bootApp('all', environment.env);
  await new Api(first.url).scrape();
  const before = await new Api(first.url).all<QuoteDto>('/api/v1/quotes');
  await first.close();

  const second = await bootApp('all', environment.env);
  const api = new Api(second.url);
  expect(await api.all<QuoteDto>('/api/v1/quotes')).toEqual(before);
  expect(await api.all('/api/v1/sources')).toMatchObject([{ slug: 'quotes', startUrls: [site.url] }]);
  await second.close();
});
