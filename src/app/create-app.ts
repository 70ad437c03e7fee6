import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Config, InvalidConfigError } from '../core/config/index.js';
import { serverTiming, WorkUnits } from '../core/performance/index.js';
import { createAdapter, httpConfig, limitHandlers, protect } from '../core/http/index.js';
import { AppLogger, RequestLog } from '../core/logging/index.js';
import { BULL_BOARD_PATH, BullBoard } from '../operations/control/index.js';
import { authConfig, Authentication } from '../platform/auth/index.js';
import { HttpMetrics, MetricsServer } from '../platform/metrics/index.js';
import { ThrottlingHooks } from '../platform/throttling/index.js';
import { appConfig } from './app.config.js';
import { AppModule } from './app.module.js';
import type { Mode, Modules } from './modes.js';
import { OPENAPI_PATH, serveOpenApi } from './openapi.js';

/** Builds the application of a mode, and `more` on top of it, ready to listen. */
export async function createApp(mode: Mode, config: Config, more?: Modules): Promise<NestFastifyApplication> {
  const { trustedProxies, proxyHeader } = config.get(appConfig);
  const http = config.get(httpConfig);
  if (http.requireHttps && trustedProxies.length === 0) {
    // Gleaner itself speaks no TLS: without a proxy that it believes, it would refuse every request.
    throw new InvalidConfigError([
      'REQUIRE_HTTPS: expected TRUSTED_PROXIES to name the proxy that speaks TLS',
    ]);
  }
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forMode(mode, config, more),
    createAdapter({ trustedProxies, proxyHeader, http }),
    // Failing to boot throws, so that the caller can tell why; the lines written until then are kept for the logger.
    // No body parser of Nest's: it would take forms as well.
    { bufferLogs: true, abortOnError: false, bodyParser: false },
  );
  app.useLogger(app.get(AppLogger, { strict: false }));
  const server = app.getHttpAdapter().getInstance();
  // First, so that the queries of every later hook count for their request.
  app.get(WorkUnits, { strict: false }).observe(server);
  app.get(RequestLog, { strict: false }).observe(server);
  protect(server, http);
  limitHandlers(server, http.handlerTimeoutMs);
  app.get(HttpMetrics, { strict: false }).observe(server);
  app.get(MetricsServer, { strict: false }).openWith(server);
  if (mode === 'api' || mode === 'all') {
    // Throttling counts by the key, so it has to be known by then.
    app.get(Authentication, { strict: false }).observe(server);
    app.get(ThrottlingHooks, { strict: false }).observe(server, [`/${OPENAPI_PATH}`, BULL_BOARD_PATH]);
    serverTiming(server);
    app.get(BullBoard, { strict: false }).mount(server);
    serveOpenApi(app, config.get(authConfig));
  }
  return app;
}
