import { type DynamicModule, Module, RequestMethod } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { LoggerModule, type Params } from 'nestjs-pino';
import { AppLogger } from './app-logger.js';
import { type LoggingConfig, loggingConfig } from './logging.config.js';

/** Paths whose values never reach a log line. */
const REDACTED = [
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["x-api-key"]',
  'res.headers["set-cookie"]',
];

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
      providers: [AppLogger],
      exports: [AppLogger],
    };
  }
}

function loggerParams(config: LoggingConfig, mode: string): Params {
  return {
    // The default of nestjs-pino matches no path at all on this adapter: nothing would be logged of any request.
    forRoutes: [{ path: '*path', method: RequestMethod.ALL }],
    pinoHttp: {
      level: config.level,
      base: { service: 'gleaner', mode, instance: `${hostname()}:${process.pid}` },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '[redacted]' },
      customAttributeKeys: { reqId: 'requestId' },
      quietReqLogger: true,
      // Probes and scrapes come every few seconds; a line for each would bury what matters.
      // Not request.url: for a middleware of all paths that is cut to "/".
      autoLogging: {
        ignore: (request: IncomingMessage & { originalUrl?: string }) =>
          /^\/(health|metrics)\b/.test(request.originalUrl ?? request.url ?? ''),
      },
      customLogLevel: (_request, response, error) => {
        if (error || response.statusCode >= 500) return 'error';
        return response.statusCode >= 400 ? 'warn' : 'info';
      },
      serializers: {
        req: (request: { method: string; url: string; remoteAddress?: string }) => ({
          method: request.method,
          url: request.url.slice(0, 500),
          remoteAddress: request.remoteAddress,
        }),
        res: (response: { statusCode: number }) => ({ statusCode: response.statusCode }),
      },
    },
  };
}
