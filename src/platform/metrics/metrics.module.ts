import { type DynamicModule, Module } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { buildInfoProviders } from './build-info.js';
import { HttpMetrics, httpDurationProvider } from './http-metrics.js';
import { memoryGaugeProviders } from './memory-gauge.js';
import { MetricsAccess } from './metrics-access.js';
import type { MetricsConfig } from './metrics.config.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsServer } from './metrics-server.js';

/** `GET /metrics` in every mode. Each module declares its own metrics; here are those of HTTP and of the process. */
@Module({})
export class MetricsModule {
  static forRoot(mode: string, { port }: MetricsConfig): DynamicModule {
    return {
      module: MetricsModule,
      // Its part is to collect the metrics of Node.js. It insists on a controller, which it would make itself.
      imports: [{ ...PrometheusModule.register({ controller: MetricsController }), controllers: [] }],
      // Not where everything else is when there is a port for it.
      controllers: port === undefined ? [MetricsController] : [],
      providers: [
        ...buildInfoProviders(mode),
        ...memoryGaugeProviders,
        httpDurationProvider,
        HttpMetrics,
        MetricsAccess,
        MetricsServer,
      ],
      exports: [HttpMetrics],
    };
  }
}
