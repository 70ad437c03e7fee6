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
import { LoggingModule } from '../core/logging/index.js';
import { redisConfig, RedisModule } from '../core/redis/index.js';
import type { Applications } from '../operations/cli/index.js';
import { ApiKeys, authConfig, AuthModule } from '../platform/auth/index.js';
import { DeadLetterReplayer, DeadLetters, HistoryModule } from '../platform/history/index.js';
import { QueueControl, QueuesModule, Revocations, taskRate } from '../platform/queues/index.js';
import { BeatReader, Schedules, SchedulingModule, toScheduleDto } from '../platform/scheduling/index.js';
import { WorkerCommands, Workers, WorkersModule } from '../platform/workers/index.js';
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
    const context = await boot(
      loadConfig(processEnvironment()),
      [
        LoggingModule.forRoot('cli'),
        RedisModule,
        QueuesModule.forRoot('producer'),
        HistoryModule,
        WorkersModule,
        SchedulingModule,
      ],
      stack,
    );
    return {
      workers: context.get(Workers, ANYWHERE),
      workerCommands: context.get(WorkerCommands, ANYWHERE),
      revocations: context.get(Revocations, ANYWHERE),
      queueControl: context.get(QueueControl, ANYWHERE),
      deadLetters: context.get(DeadLetters, ANYWHERE),
      deadLetterReplayer: context.get(DeadLetterReplayer, ANYWHERE),
      schedules: context.get(Schedules, ANYWHERE),
      beats: context.get(BeatReader, ANYWHERE),
      toScheduleDto,
      taskRate,
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
