import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule, type Params } from 'nestjs-pino';
import { processId } from '../process/index.js';
import { AppLogger } from './app-logger.js';
import { stdoutInBlocks } from './line-blocks.js';
import { type LoggingConfig, loggingConfig } from './logging.config.js';
import { correlationFields, RequestLog } from './request-log.js';

/** What RequestLog writes has no headers; these are for whoever logs a whole request one day. */
const REDACTED = ['req.headers.authorization', 'req.headers.cookie', 'res.headers["set-cookie"]'];

/** JSON lines on stdout; every line tells service, mode and instance, and inside a request its id. */
@Module({})
export class LoggingModule {
  static forRoot(mode: string): DynamicModule {
    return {
      module: LoggingModule,
      imports: [
        LoggerModule.forRootAsync({
          inject: [loggingConfig.token],
          useFactory: (config: LoggingConfig) => loggerParams(config, mode),
        }),
      ],
      providers: [AppLogger, RequestLog],
      exports: [AppLogger, RequestLog],
    };
  }
}

function loggerParams(config: LoggingConfig, mode: string): Params {
  return {
    // No middleware: RequestLog writes the line of a request, and correlationFields() tells of it in every other line.
    forRoutes: [],
    pinoHttp: [
      {
        level: config.level,
        base: { service: 'gleaner', mode, instance: processId },
        timestamp: isoTime,
        formatters: { level: (label) => ({ level: label }) },
        mixin: correlationFields,
        redact: { paths: REDACTED, censor: '[redacted]' },
      },
      // A write for each line took a seventh of the time of a cached read.
      stdoutInBlocks(),
    ],
  };
}

let lastMs = 0;
let lastTime = '';

/** The time of a line; busy processes write many within a millisecond, and formatting is dear. */
function isoTime(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastTime = `,"time":"${new Date(now).toISOString()}"`;
  }
  return lastTime;
}
