import { Inject, Injectable } from '@nestjs/common';
import { Logger, type Params, PARAMS_PROVIDER_TOKEN, PinoLogger } from 'nestjs-pino';
import { type LogLevel, LogLevels } from './log-levels.js';

/** Nest announces every module and route at level info: sixty lines a start that tell an operator nothing. */
const CHATTER = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

/** The application's logger, with Nest's own announcements moved to debug, and each module heard at its level. */
@Injectable()
export class AppLogger extends Logger {
  constructor(
    pino: PinoLogger,
    @Inject(PARAMS_PROVIDER_TOKEN) params: Params,
    private readonly levels: LogLevels,
  ) {
    super(pino, params);
  }

  override verbose(message: unknown, ...rest: unknown[]): void {
    if (this.hears('trace', rest)) super.verbose(message, ...rest);
  }

  override debug(message: unknown, ...rest: unknown[]): void {
    if (this.hears('debug', rest)) super.debug(message, ...rest);
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (CHATTER.has(String(rest.at(-1)))) this.debug(message, ...rest);
    else if (this.hears('info', rest)) super.log(message, ...rest);
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    if (this.hears('warn', rest)) super.warn(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    if (this.hears('error', rest)) super.error(message, ...rest);
  }

  override fatal(message: unknown, ...rest: unknown[]): void {
    if (this.hears('fatal', rest)) super.fatal(message, ...rest);
  }

  /** Nest's loggers give the name of their module last. */
  private hears(level: Exclude<LogLevel, 'silent'>, rest: readonly unknown[]): boolean {
    const module = rest.at(-1);
    return this.levels.isEnabled(level, typeof module === 'string' ? module : '');
  }
}
