import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSourceOptions, MixedList } from 'typeorm';
import { WorkUnitsModule } from '../performance/index.js';
import { dataSourceOptions } from './data-source-options.js';
import { DATABASE_LIMITS, type DatabaseLimits, type DatabaseMode, limitsOf } from './database-limits.js';
import { type DatabaseConfig, databaseConfig } from './database.config.js';
import { DatabaseProbe } from './database.health.js';
import { databaseMetricProviders } from './database.metrics.js';
import { GleanerDataSource } from './gleaner-data-source.js';
import { measuredClient } from './measured-client.js';
import { PoolGauge, poolGaugeProviders } from './pool-gauge.js';
import { QueryMeter } from './query-meter.js';
import { SchemaCheck } from './schema-check.js';
import { StatementPatience } from './statement-patience.js';
import { Transactions } from './transactions.js';

/** What connections are made with: it has to be there before them. */
@Module({})
class ConnectingModule {
  static forMode(mode: DatabaseMode): DynamicModule {
    const limits = {
      provide: DATABASE_LIMITS,
      inject: [databaseConfig.token],
      useFactory: (config: DatabaseConfig): DatabaseLimits => limitsOf(mode, config),
    };
    return {
      module: ConnectingModule,
      imports: [WorkUnitsModule],
      providers: [...databaseMetricProviders, limits, QueryMeter],
      exports: [...databaseMetricProviders, DATABASE_LIMITS, QueryMeter],
    };
  }
}

/** The pool of PostgreSQL connections; closed last, after everything that could still write. */
@Global()
@Module({})
export class DatabaseModule {
  /**
   * @param mode decides how many connections the process may hold, and for how long.
   * @param migrations all that this release knows, so that boot can tell whether the database has them.
   */
  static forRoot(mode: DatabaseMode, migrations: MixedList<Function>): DynamicModule {
    const connecting = ConnectingModule.forMode(mode);
    return {
      module: DatabaseModule,
      imports: [
        connecting,
        TypeOrmModule.forRootAsync({
          imports: [connecting],
          inject: [databaseConfig.token, DATABASE_LIMITS, QueryMeter],
          useFactory: (config: DatabaseConfig, limits: DatabaseLimits, meter: QueryMeter) => ({
            ...dataSourceOptions(config, limits, measuredClient(meter, new StatementPatience(limits))),
            autoLoadEntities: true,
            migrations,
            // Servers wait for a database that is still starting; people would rather be told.
            ...(mode === 'cli' && { retryAttempts: 1 }),
          }),
          dataSourceFactory: async (options) =>
            new GleanerDataSource(options as DataSourceOptions).initialize(),
        }),
      ],
      providers: [DatabaseProbe, SchemaCheck, Transactions, PoolGauge, ...poolGaugeProviders],
      exports: [connecting, Transactions],
    };
  }
}
