import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { type Config, ConfigModule } from '../core/config/index.js';
import { DatabaseModule } from '../core/database/index.js';
import { ProblemFilter, ValidationPipe } from '../core/http/index.js';
import { LoggingModule } from '../core/logging/index.js';
import { RedisModule } from '../core/redis/index.js';
import { HealthModule } from '../operations/health/index.js';
import { metricsConfig, MetricsModule } from '../platform/metrics/index.js';
import { PerformanceReportingModule } from '../platform/performance/index.js';
import { migrations } from './migrations/index.js';
import { type ISOLATED, type Mode, type Modules, modules } from './modes.js';

/** The root module of each mode: the same core, health and metrics, and what the table of modes adds. */
@Module({})
export class AppModule {
  /** @param more modules on top of the mode's. */
  static forMode(mode: Mode | typeof ISOLATED, config: Config, more: Modules = []): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        LoggingModule.forRoot(mode),
        DatabaseModule.forRoot(mode, migrations),
        RedisModule,
        MetricsModule.forRoot(mode, config.get(metricsConfig)),
        PerformanceReportingModule,
        HealthModule,
        ...modules[mode],
        ...more,
      ],
      providers: [
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useClass: ValidationPipe },
      ],
    };
  }
}
