import { Logger } from '@nestjs/common';
import { InvalidConfigError, loadConfig, processEnvironment } from '../core/config/index.js';
import { appConfig } from './app.config.js';
import { ISOLATED_FLAG } from '../platform/queues/index.js';
import { createApp } from './create-app.js';
import type { Modules } from './modes.js';
import { startIsolated } from './start-isolated.js';

/**
 * Boots the mode that the environment names, and ends the process on SIGTERM or SIGINT. A worker starts the same script
 * again for its isolated tasks.
 * @param more modules on top of the mode's.
 */
export async function start(more?: Modules): Promise<void> {
  try {
    if (process.argv.includes(ISOLATED_FLAG)) return await startIsolated(more);
    const config = loadConfig(processEnvironment());
    const { mode, host, port, shutdownTimeoutMs } = config.get(appConfig);
    const app = await createApp(mode, config, more);
    endOnSignal(() => app.close(), shutdownTimeoutMs);
    await app.listen(port, host);
    new Logger('Main').log(`Gleaner ${mode} listens on ${await app.getUrl()}`);
  } catch (error) {
    fail(error);
  }
}

/** A process that cannot boot says why in a form for people, and with a status for whatever started it. */
export function fail(error: unknown): never {
  if (error instanceof InvalidConfigError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(InvalidConfigError.exitCode);
  }
  process.stderr.write(
    `Gleaner could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
}

/** Nest's own shutdown hooks end the process by the signal; an orderly end is status 0. */
function endOnSignal(close: () => Promise<void>, timeoutMs: number): void {
  const logger = new Logger('Main');
  let ending = false;
  const end = (signal: NodeJS.Signals): void => {
    if (ending) return;
    ending = true;
    logger.log(`${signal}: shutting down`);
    setTimeout(() => {
      logger.error(`shutting down took longer than ${timeoutMs} ms`);
      process.exit(1);
    }, timeoutMs).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'shutting down failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}
