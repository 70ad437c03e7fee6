import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSourceOptions, MixedList } from 'typeorm';
import { dataSourceOptions } from './data-source-options.js';
import { type DatabaseConfig, databaseConfig } from './database.config.js';
import { DatabaseProbe } from './database.health.js';
import { databaseMetricProviders } from './database.metrics.js';
import { GleanerDataSource } from './gleaner-data-source.js';
import { measuredClient } from './measured-client.js';
import { QueryMeter } from './query-meter.js';
import { SchemaCheck } from './schema-check.js';
import { WorkUnits } from './work-units.js';

/** Measuring comes before the connections that are measured. */
@Module({
  providers: [...databaseMetricProviders, QueryMeter, WorkUnits],
  exports: [QueryMeter, WorkUnits],
})
class QueryMeteringModule {}

/** The pool of PostgreSQL connections; closed last, after everything that could still write. */
@Global()
@Module({})
export class DatabaseModule {
  /** @param migrations all that this release knows, so that boot can tell whether the database has them. */
  static forRoot(migrations: MixedList<Function>): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          imports: [QueryMeteringModule],
          inject: [databaseConfig.token, QueryMeter],
          useFactory: (config: DatabaseConfig, meter: QueryMeter) => ({
            ...dataSourceOptions(config, measuredClient(meter)),
            autoLoadEntities: true,
            migrations,
          }),
          dataSourceFactory: async (options) =>
            new GleanerDataSource(options as DataSourceOptions).initialize(),
        }),
        QueryMeteringModule,
      ],
      providers: [DatabaseProbe, SchemaCheck],
      exports: [QueryMeteringModule],
    };
  }
}
