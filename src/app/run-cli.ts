import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type Config,
  ConfigModule,
  InvalidConfigError,
  loadConfig,
  processEnvironment,
} from '../core/config/index.js';
import { databaseConfig, DatabaseModule } from '../core/database/index.js';
import {
  CliModule,
  KEY_HELP,
  KeyCommands,
  parseKeyCommand,
  type Terminal,
  UsageError,
} from '../operations/cli/index.js';
import { authConfig } from '../platform/auth/index.js';
import { migrations } from './migrations/index.js';

const terminal: Terminal = {
  out: (text) => process.stdout.write(text),
  note: (text) => process.stderr.write(text),
};

/** No server, no Redis, no logger: only what commands need. */
@Module({})
class CommandLine {
  static with(config: Config): DynamicModule {
    return {
      module: CommandLine,
      imports: [ConfigModule.forRoot(config), DatabaseModule.forRoot('scheduler', migrations), CliModule],
    };
  }
}

/** The command line: `key create|list|revoke`. Ends with status 0, 1, 2 (not understood) or 78 (configuration). */
export async function runCli([topic, ...args]: readonly string[]): Promise<void> {
  try {
    process.exitCode = await run(topic, args);
  } catch (error) {
    process.exitCode = statusOf(error);
    terminal.note(`${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) terminal.note('Nothing was done. --help tells what can be said here.\n');
  }
}

async function run(topic: string | undefined, args: readonly string[]): Promise<number> {
  if (topic === '--help' || topic === '-h') {
    terminal.out(KEY_HELP);
    return 0;
  }
  if (topic !== 'key')
    throw new UsageError(`expected "key", got ${topic ? JSON.stringify(topic) : 'nothing'}`);
  const command = parseKeyCommand(args, new Date());
  if (command.do === 'help') {
    terminal.out(KEY_HELP);
    return 0;
  }
  const config = loadConfig(processEnvironment(), [databaseConfig, authConfig]);
  const context = await NestFactory.createApplicationContext(CommandLine.with(config), {
    logger: false,
    abortOnError: false,
  });
  try {
    await context.get(KeyCommands, { strict: false }).run(command, terminal);
  } finally {
    await context.close();
  }
  return 0;
}

function statusOf(error: unknown): number {
  if (error instanceof UsageError) return UsageError.exitCode;
  return error instanceof InvalidConfigError ? InvalidConfigError.exitCode : 1;
}
