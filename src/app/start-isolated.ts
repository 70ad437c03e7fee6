import { NestFactory } from '@nestjs/core';
import { loadConfig, processEnvironment } from '../core/config/index.js';
import { AppLogger } from '../core/logging/index.js';
import { AppModule } from './app.module.js';
import { ISOLATED, type Modules } from './modes.js';

/** Boots the process of isolated tasks. It ends when its worker lets it go; signals to the group are the worker's. */
export async function startIsolated(more?: Modules): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
  const config = loadConfig(processEnvironment());
  const context = await NestFactory.createApplicationContext(AppModule.forMode(ISOLATED, config, more), {
    bufferLogs: true,
    abortOnError: false,
  });
  context.useLogger(context.get(AppLogger, { strict: false }));
}
