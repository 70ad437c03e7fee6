import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule, type Params, PinoLogger } from 'nestjs-pino';
import { AppLogger } from './app-logger.js';
import { LogFileFailures, logFileMetricProviders } from './files/log-file-failures.js';
import { logFileThread } from './files/log-file-thread.js';
import { stdoutInBlocks } from './line-blocks.js';
import { LogDestination, prettyStdout } from './log-destination.js';
import { LoggedErrors, loggedErrors } from './logged-errors.js';
import { LogLevels, logLevels } from './log-levels.js';
import { loggerOptions } from './logger-options.js';
import { type LoggingConfig, loggingConfig } from './logging.config.js';
import { RequestLog } from './request-log.js';

/** One JSON line for each event on stdout, or a line for people where that is a terminal. */
@Module({})
export class LoggingModule {
  static forRoot(mode: string): DynamicModule {
    return {
      module: LoggingModule,
      // Whoever watches errors does not have to know the mode, which the root module says.
      global: true,
      imports: [
        LoggerModule.forRootAsync({
          inject: [loggingConfig.token],
          useFactory: (config: LoggingConfig) => loggerParams(config, mode),
        }),
      ],
      providers: [
        AppLogger,
        RequestLog,
        LogFileFailures,
        ...logFileMetricProviders,
        { provide: LoggedErrors, useValue: loggedErrors },
        {
          provide: LogLevels,
          inject: [loggingConfig.token, PinoLogger],
          useFactory: (config: LoggingConfig, pino: PinoLogger) => {
            logLevels.attach(config.level, pino.logger);
            return logLevels;
          },
        },
      ],
      exports: [AppLogger, RequestLog, LoggedErrors, LogLevels],
    };
  }
}

function loggerParams(config: LoggingConfig, mode: string): Params {
  return {
    // No middleware: RequestLog writes the line of a request.
    forRoutes: [],
    renameContext: 'module',
    pinoHttp: [
      loggerOptions(config.level, mode),
      new LogDestination(
        process.stdout.isTTY ? prettyStdout : stdoutInBlocks(),
        loggedErrors,
        config.directory === undefined ? undefined : logFileThread.start(config.directory),
      ),
    ],
  };
}
