import { type DynamicModule, type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type Config,
  ConfigModule,
  InvalidConfigError,
  loadConfig,
  processEnvironment,
} from '../core/config/index.js';
import { databaseConfig, DatabaseModule } from '../core/database/index.js';
import { LoggingModule } from '../core/logging/index.js';
import { RedisModule } from '../core/redis/index.js';
import {
  CliModule,
  KEY_HELP,
  KeyCommands,
  parseKeyCommand,
  runProgram,
  type Services,
  type Terminal,
  UsageError,
} from '../operations/cli/index.js';
import { authConfig } from '../platform/auth/index.js';
import { HistoryModule } from '../platform/history/index.js';
import { QueuesModule } from '../platform/queues/index.js';
import { SchedulingModule } from '../platform/scheduling/index.js';
import { WorkersModule } from '../platform/workers/index.js';
import { migrations } from './migrations/index.js';
import { runMigrations } from './run-migrations.js';

const terminal: Terminal = {
  out: (text) => process.stdout.write(text),
  note: (text) => process.stderr.write(text),
};

/** No server: only what commands need. */
@Module({})
class CommandLine {
  /** Keys are in the database alone, and are made when nothing else may be there yet. */
  static forKeys(config: Config): DynamicModule {
    return {
      module: CommandLine,
      imports: [ConfigModule.forRoot(config), DatabaseModule.forRoot('scheduler', migrations), CliModule],
    };
  }

  static forOperators(config: Config): DynamicModule {
    const { imports = [], ...rest } = CommandLine.forKeys(config);
    return {
      ...rest,
      imports: [
        ...imports,
        LoggingModule.forRoot('cli'),
        RedisModule,
        QueuesModule.forRoot('producer'),
        HistoryModule,
        WorkersModule,
        SchedulingModule,
      ],
    };
  }
}

/** The command line. Ends with status 0, 1 (it did not work), 2 (not understood) or 78 (configuration). */
export async function runCli(words: readonly string[]): Promise<void> {
  try {
    const [topic = '--help', ...rest] = words;
    if (topic === 'key' || topic === 'keys') await runKeyCommand(rest);
    else if (topic === 'migrate') await runMigrations();
    else await runOperatorsCommand([topic, ...rest]);
  } catch (error) {
    process.exitCode = statusOf(error);
    terminal.note(`${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) terminal.note('Nothing was done. --help tells what can be said here.\n');
  }
}

async function runKeyCommand(words: readonly string[]): Promise<void> {
  const command = parseKeyCommand(words, new Date());
  if (command.do === 'help') return terminal.out(KEY_HELP);
  const config = loadConfig(processEnvironment(), [databaseConfig, authConfig]);
  await using services = new BootedServices(CommandLine.forKeys(config));
  await (await services.get(KeyCommands)).run(command, terminal);
}

async function runOperatorsCommand(words: readonly string[]): Promise<void> {
  await using services = new BootedServices(() => CommandLine.forOperators(loadConfig(processEnvironment())));
  await runProgram(words, { services, terminal, fail: (status) => (process.exitCode = status) });
}

class BootedServices implements Services {
  private context: Promise<INestApplicationContext> | undefined;

  /** @param root or what makes it: a command that only shows its help needs no configuration. */
  constructor(private readonly root: DynamicModule | (() => DynamicModule)) {}

  async get<T>(type: Type<T> | (abstract new (...args: never[]) => T)): Promise<T> {
    this.context ??= NestFactory.createApplicationContext(
      typeof this.root === 'function' ? this.root() : this.root,
      { logger: false, abortOnError: false },
    );
    return (await this.context).get<T>(type as Type<T>, { strict: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.context)?.close();
  }
}

function statusOf(error: unknown): number {
  if (error instanceof UsageError) return UsageError.exitCode;
  return error instanceof InvalidConfigError ? InvalidConfigError.exitCode : 1;
}
