import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from '../core/config/index.js';
import { createAdapter } from '../core/http/index.js';
import { AppLogger, RequestLog } from '../core/logging/index.js';
import { HttpMetrics } from '../platform/metrics/index.js';
import { appConfig } from './app.config.js';
import { AppModule } from './app.module.js';
import type { Mode } from './modes.js';
import { serveOpenApi } from './openapi.js';

/** Builds the application of a mode, ready to listen. */
export async function createApp(mode: Mode, config: Config): Promise<NestFastifyApplication> {
  const { trustedProxies, proxyHeader } = config.get(appConfig);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forMode(mode, config),
    createAdapter({ trustedProxies, proxyHeader }),
    // Failing to boot throws, so that the caller can tell why; the lines written until then are kept for the logger.
    { bufferLogs: true, abortOnError: false },
  );
  app.useLogger(app.get(AppLogger, { strict: false }));
  const server = app.getHttpAdapter().getInstance();
  app.get(RequestLog, { strict: false }).observe(server);
  server.addHook('onRequest', async (request, reply) => {
    reply.header('X-Request-Id', request.id);
  });
  app.get(HttpMetrics, { strict: false }).observe(server);
  if (mode === 'api' || mode === 'all') serveOpenApi(app);
  return app;
}
