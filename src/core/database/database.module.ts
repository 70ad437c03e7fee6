import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MixedList } from 'typeorm';
import { dataSourceOptions } from './data-source-options.js';
import { type DatabaseConfig, databaseConfig } from './database.config.js';
import { DatabaseProbe } from './database.health.js';
import { SchemaCheck } from './schema-check.js';

/** The pool of PostgreSQL connections; closed last, after everything that could still write. */
@Module({})
export class DatabaseModule {
  /** @param migrations all that this release knows, so that boot can tell whether the database has them. */
  static forRoot(migrations: MixedList<Function>): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [databaseConfig.token],
          useFactory: (config: DatabaseConfig) => ({
            ...dataSourceOptions(config),
            autoLoadEntities: true,
            migrations,
          }),
        }),
      ],
      providers: [DatabaseProbe, SchemaCheck],
    };
  }
}
