import { Injectable } from '@nestjs/common';
import { InjectMetric, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import type { FastifyInstance } from 'fastify';
import type { Histogram } from 'prom-client';

const DURATION = 'gleaner_http_request_duration_seconds';

/** `route` is the template, not the path, and `status` the class: both stay few, whatever clients ask for. */
export const httpDurationProvider = makeHistogramProvider({
  name: DURATION,
  help: 'Seconds from the request to the end of its answer',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
});

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Times every answer, also those of guards and of Fastify itself, which an interceptor would not see. */
@Injectable()
export class HttpMetrics {
  constructor(@InjectMetric(DURATION) private readonly duration: Histogram) {}

  /** Must be called before routes are registered: Fastify's hooks only hold for later ones. */
  observe(server: FastifyInstance): void {
    server.addHook('onResponse', (request, reply, done) => {
      const labels = {
        method: METHODS.has(request.method) ? request.method : 'other',
        route: request.routeOptions.url ?? 'unmatched',
        status: `${Math.floor(reply.statusCode / 100)}xx`,
      };
      this.duration.observe(labels, reply.elapsedTime / 1000);
      done();
    });
  }
}
