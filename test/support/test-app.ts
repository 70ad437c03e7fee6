import 'reflect-metadata';
import { register } from 'prom-client';
import { appConfig } from '../../src/app/app.config.js';
import { createApp } from '../../src/app/create-app.js';
import type { Mode } from '../../src/app/modes.js';
import { loadConfig } from '../../src/core/config/index.js';

export interface TestApp {
  url: string;
  close(): Promise<void>;
}

/** Boots the real root module of a mode in this process and listens on a free port. */
export async function bootApp(mode: Mode, env: Record<string, string>): Promise<TestApp> {
  // One registry for the process: what an earlier app of the same file left there would be registered twice.
  register.clear();
  const config = loadConfig({ ...env, MODE: mode });
  const app = await createApp(mode, config);
  await app.listen(config.get(appConfig).port, config.get(appConfig).host);
  return { url: await app.getUrl(), close: () => app.close() };
}
