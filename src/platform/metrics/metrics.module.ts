import { type DynamicModule, Module } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { buildInfoProviders } from './build-info.js';
import { HttpMetrics, httpDurationProvider } from './http-metrics.js';
import { memoryGaugeProviders } from './memory-gauge.js';
import { MetricsController } from './metrics.controller.js';

/** `GET /metrics` in every mode. Each module declares its own metrics; here are those of HTTP and of the process. */
@Module({})
export class MetricsModule {
  static forRoot(mode: string): DynamicModule {
    return {
      module: MetricsModule,
      imports: [PrometheusModule.register({ controller: MetricsController })],
      providers: [...buildInfoProviders(mode), ...memoryGaugeProviders, httpDurationProvider, HttpMetrics],
      exports: [HttpMetrics],
    };
  }
}
