import { type Site, type SiteOptions, startSite } from '../fixtures/site/index.ts';
import { Api } from './api.js';
import { createEnvironment, type TestEnvironment } from './environment.js';
import { bootApp, type TestApp } from './test-app.js';

/** A site, and an application that scrapes it. */
export interface ScrapingApp extends AsyncDisposable {
  site: Site;
  environment: TestEnvironment;
  app: TestApp;
  api: Api;
}

/** Boots everything in one process; `env` is on top of what tests usually have. */
export async function startScrapingApp(
  options: SiteOptions = {},
  env: Record<string, string> = {},
): Promise<ScrapingApp> {
  const site = await startSite(options);
  const environment = await createEnvironment({ QUOTES_START_URL: site.url, ...env });
  const app = await bootApp('all', environment.env);
  const dispose = async (): Promise<void> => {
    await app.close();
    await environment.dispose();
    await site.close();
  };
  return { site, environment, app, api: new Api(app.url), [Symbol.asyncDispose]: dispose };
}
