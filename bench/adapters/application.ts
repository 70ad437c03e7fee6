import 'reflect-metadata';

/** The application without its server, in the process of a benchmark that measures one of its services. */
export interface InnerApplication extends AsyncDisposable {
  /** @param token as it is injected. */
  get(token: unknown): unknown;
}

interface NestApplication {
  init(): Promise<unknown>;
  get(token: unknown, options: { strict: boolean }): unknown;
  close(): Promise<void>;
}

/** Boots the compiled root module of a mode. @param more modules on top of it. */
export async function openApplication(
  mode: string,
  env: Readonly<Record<string, string>>,
  more: readonly unknown[] = [],
): Promise<InnerApplication> {
  const { createApp } = await compiled<{
    createApp: (mode: string, config: unknown, more: readonly unknown[]) => Promise<NestApplication>;
  }>('app/create-app.js');
  const { loadConfig } = await compiled<{ loadConfig: (env: object) => unknown }>('core/config/index.js');
  const app = await createApp(mode, loadConfig({ ...env, MODE: mode, LOG_LEVEL: 'error' }), more);
  await app.init();
  return {
    get: (token) => app.get(token, { strict: false }),
    [Symbol.asyncDispose]: () => app.close(),
  };
}

/**
 * A module of the compiled application: the source has decorators, which Node does not strip, and production runs the
 * compiled one anyhow. Its types are stated by whoever asks, as far as they are used.
 */
export async function compiled<T>(path: string): Promise<T> {
  return (await import(new URL(`../../dist/${path}`, import.meta.url).href)) as T;
}
