import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { register } from 'prom-client';
import { MetricsAccess } from './metrics-access.js';
import { type MetricsConfig, metricsConfig } from './metrics.config.js';
import { CHALLENGE } from './metrics.errors.js';

/** A request has no body, and comes from nearby. */
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * `/metrics` on a port of its own, where METRICS_PORT says so: what is public and what is not are then told apart by
 * the network. Nothing else is there, so it needs no framework.
 */
@Injectable()
export class MetricsServer {
  private readonly logger = new Logger(MetricsServer.name);

  constructor(
    @Inject(metricsConfig.token) private readonly config: MetricsConfig,
    private readonly access: MetricsAccess,
  ) {}

  /** Opens and closes with the server of the application; as long as that drains, metrics tell of it. */
  openWith(main: FastifyInstance): void {
    const { port, host } = this.config;
    if (port === undefined) return;
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      void this.answer(request, response);
    });
    // What cannot listen keeps the process from booting, as the main port does.
    main.addHook('onReady', async () => this.listen(server, port, host));
    main.addHook('onClose', async () => {
      server.close();
      server.closeAllConnections();
    });
  }

  private async listen(server: Server, port: number, host: string): Promise<void> {
    server.listen(port, host);
    await once(server, 'listening');
    const { address, family, port: taken } = server.address() as AddressInfo;
    const shown = family === 'IPv6' ? `[${address}]` : address;
    this.logger.log(`metrics are at http://${shown}:${taken}/metrics`);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const [path] = (request.url ?? '').split('?');
      if (path !== '/metrics') return end(response, 404);
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return end(response, 405, { Allow: 'GET, HEAD' });
      if (!this.access.allows(request.headers.authorization)) return end(response, 401, CHALLENGE);
      const metrics = await register.metrics();
      end(response, 200, { 'Content-Type': register.contentType }, metrics);
    } catch (error) {
      this.logger.error({ err: error }, 'metrics could not be told');
      end(response, 500);
    }
  }
}

function end(response: ServerResponse, status: number, headers: object = {}, body?: string): void {
  response.writeHead(status, {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(body);
}
