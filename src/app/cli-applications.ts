import 'reflect-metadata';
import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { once } from 'node:events';
import {
  type Config,
  ConfigModule,
  InvalidConfigError,
  loadConfig,
  processEnvironment,
} from '../core/config/index.js';
import {
  databaseConfig,
  DatabaseModule,
  dataSourceOptions,
  GleanerDataSource,
  limitsOf,
} from '../core/database/index.js';
import { printYaml } from '../core/yaml/index.js';
import { LoggingModule } from '../core/logging/index.js';
import { redisConfig, RedisModule } from '../core/redis/index.js';
import type { Applications } from '../operations/cli/index.js';
import { ApiKeys, authConfig, AuthModule, CommandAudit } from '../platform/auth/index.js';
import {
  ALL_COLUMNS,
  DeadLetterReplayer,
  DeadLetters,
  HistoryModule,
  parseQuery,
  TaskActions,
  TaskFinder,
  TaskHistory,
  USUAL_COLUMNS,
} from '../platform/history/index.js';
import { PerformanceModule, Slowest } from '../platform/performance/index.js';
import { QueueControl, QueuesModule, Revocations, taskRate } from '../platform/queues/index.js';
import { BeatReader, Schedules, SchedulingModule, toScheduleDto } from '../platform/scheduling/index.js';
import { WorkerControl, Workers, WorkersModule } from '../platform/workers/index.js';
import { migrations } from './migrations/index.js';
import type { Modules } from './modes.js';

/** What is open until the command has ended. */
type Openers = {
  readonly [Part in keyof Applications]: (stack: AsyncDisposableStack) => Promise<Applications[Part]>;
};

/** What commands are given, each booted without a server and with no more than it needs. */
export const applications: Openers = {
  // Made when nothing else may be there yet.
  keys: async (stack) => {
    const config = loadConfig(processEnvironment(), [databaseConfig, authConfig]);
    const context = await boot(config, [AuthModule], stack);
    return { apiKeys: context.get(ApiKeys, ANYWHERE) };
  },

  migrations: async () => ({ apply: (await import('./run-migrations.js')).applyMigrations }),

  operations: async (stack) => {
    const context = await boot(loadConfig(processEnvironment()), operations(), stack);
    return {
      audit: context.get(CommandAudit, ANYWHERE),
      workers: context.get(Workers, ANYWHERE),
      workerControl: context.get(WorkerControl, ANYWHERE),
      revocations: context.get(Revocations, ANYWHERE),
      queueControl: context.get(QueueControl, ANYWHERE),
      deadLetters: context.get(DeadLetters, ANYWHERE),
      deadLetterReplayer: context.get(DeadLetterReplayer, ANYWHERE),
      taskFinder: context.get(TaskFinder, ANYWHERE),
      taskHistory: context.get(TaskHistory, ANYWHERE),
      parseQuery,
      allColumns: ALL_COLUMNS,
      usualColumns: USUAL_COLUMNS,
      schedules: context.get(Schedules, ANYWHERE),
      beats: context.get(BeatReader, ANYWHERE),
      toScheduleDto,
      taskRate,
      slowest: context.get(Slowest, ANYWHERE),
    };
  },

  alerting: async (stack) => {
    const {
      alertingConfig,
      AlertingModule,
      AlertList,
      ErrorGroups,
      prometheusRules,
      Rules,
      Silences,
      TestFire,
    } = await import('../platform/alerting/index.js');
    const config = loadConfig(processEnvironment());
    const context = await boot(config, [...operations(), AlertingModule], stack);
    const rules = context.get(Rules, ANYWHERE);
    return {
      audit: context.get(CommandAudit, ANYWHERE),
      alerts: context.get(AlertList, ANYWHERE),
      rules,
      silences: context.get(Silences, ANYWHERE),
      testFire: context.get(TestFire, ANYWHERE),
      errors: context.get(ErrorGroups, ANYWHERE),
      prometheusRules: () => printYaml(prometheusRules(rules.all, config.get(alertingConfig).runbooksUrl)),
    };
  },

  features: async (stack) => {
    const { RunReader, RunStarter, ScrapingModule } = await import('../features/scraping/index.js');
    const { SourceService } = await import('../features/sources/index.js');
    // Processes that boot declare the sources of this directory, and switch off the others. Commands are no part of it.
    const config = loadConfig({ ...processEnvironment(), SOURCES_DIR: undefined });
    const context = await boot(config, [...operations(), ScrapingModule], stack);
    return {
      audit: context.get(CommandAudit, ANYWHERE),
      sources: context.get(SourceService, ANYWHERE),
      runStarter: context.get(RunStarter, ANYWHERE),
      runs: context.get(RunReader, ANYWHERE),
      taskActions: context.get(TaskActions, ANYWHERE),
      workerControl: context.get(WorkerControl, ANYWHERE),
    };
  },

  diagnosis: async (stack) => {
    // Whatever this process could be: all settings are declared by then.
    await import('./create-app.js');
    const env = processEnvironment();
    return {
      faults: faultsOf(() => loadConfig(env)),
      database: async () => {
        const config = loadConfig(env, [databaseConfig]).get(databaseConfig);
        const options = dataSourceOptions(config, limitsOf('cli', config));
        const dataSource = await new GleanerDataSource({ ...options, migrations }).initialize();
        stack.defer(async () => dataSource.destroy());
        return dataSource;
      },
      redis: async () => {
        const redis = new Redis(loadConfig(env, [redisConfig]).get(redisConfig).url, ONE_ATTEMPT);
        stack.defer(() => redis.disconnect());
        await once(redis, 'ready');
        return redis;
      },
    };
  },
};

const operations = (): Modules => [
  LoggingModule.forRoot('cli'),
  RedisModule,
  AuthModule,
  QueuesModule.forRoot('producer'),
  HistoryModule,
  WorkersModule,
  SchedulingModule,
  PerformanceModule,
];

const ANYWHERE = { strict: false };

const ONE_ATTEMPT = { connectTimeout: 5000, commandTimeout: 5000, retryStrategy: () => null };

@Module({})
class CommandLine {}

async function boot(
  config: Config,
  imports: Modules,
  stack: AsyncDisposableStack,
): Promise<INestApplicationContext> {
  const root: DynamicModule = {
    module: CommandLine,
    imports: [ConfigModule.forRoot(config), DatabaseModule.forRoot('cli', migrations), ...imports],
  };
  const context = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
  stack.defer(async () => context.close());
  return context;
}

function faultsOf(load: () => void): readonly string[] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof InvalidConfigError) return error.faults;
    throw error;
  }
}
