import { Injectable } from '@nestjs/common';
import { levels, type Logger } from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Stands for all modules that have no level of their own. */
export const ALL_MODULES = '*';

const valueOf = (level: LogLevel): number => levels.values[level] ?? Infinity;

/**
 * Which lines are written: LOG_LEVEL and above, or what is set for a module at run time. There is one for the process,
 * as of the logger.
 */
@Injectable()
export class LogLevels {
  private base: LogLevel = 'info';
  private logger: Pick<Logger, 'level'> | undefined;
  private set: ReadonlyMap<string, number> = new Map();
  private usual = valueOf('info');

  /** @param base LOG_LEVEL. @param logger is told the lowest of all levels: what is below costs nothing. */
  attach(base: LogLevel, logger: Pick<Logger, 'level'>): void {
    this.base = base;
    this.logger = logger;
    this.apply(new Map());
  }

  /** What LOG_LEVEL says. */
  get default(): LogLevel {
    return this.base;
  }

  /** @param changed levels by module, instead of those that were set before. */
  apply(changed: ReadonlyMap<string, LogLevel>): void {
    const all = changed.get(ALL_MODULES) ?? this.base;
    this.usual = valueOf(all);
    this.set = new Map([...changed].map(([module, level]) => [module, valueOf(level)]));
    if (!this.logger) return;
    const lowest = [...changed.values(), all].reduce((low, each) =>
      valueOf(each) < valueOf(low) ? each : low,
    );
    // Setting it makes pino bind all of its methods anew.
    if (this.logger.level !== lowest) this.logger.level = lowest;
  }

  isEnabled(level: Exclude<LogLevel, 'silent'>, module: string): boolean {
    return valueOf(level) >= (this.set.size === 0 ? this.usual : (this.set.get(module) ?? this.usual));
  }
}

/** Outlives an application, as the logger does. */
export const logLevels = new LogLevels();
