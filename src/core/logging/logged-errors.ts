import { Injectable, Logger } from '@nestjs/common';

/** A line of level error or fatal, as it was written: redacted. */
export interface LoggedError {
  readonly at: Date;
  readonly level: 'error' | 'fatal';
  readonly message: string;
  /** Of the code that wrote it. */
  readonly module?: string;
  readonly err?: {
    /** Name of the error's class. */
    readonly type: string;
    readonly code?: string;
    /** With those of its causes. */
    readonly message: string;
    readonly stack?: string;
  };
  /** What it was written for, as far as that is known. */
  readonly fields: {
    readonly task?: string;
    readonly taskId?: string;
    readonly runId?: string;
    readonly source?: string;
    readonly requestId?: string;
  };
}

type Listener = (error: LoggedError) => void;

const FIELDS = ['task', 'taskId', 'runId', 'source', 'requestId'] as const;

/**
 * Tells of every line of level error or fatal that this process writes; of none that LOG_LEVEL or a level set at run
 * time keeps from being written. There is one for the process, as there is one logger.
 *
 * What a listener logs itself is written, and not told: else a failing listener would hear of its own failure for ever.
 */
@Injectable()
export class LoggedErrors {
  private readonly logger = new Logger(LoggedErrors.name);
  private readonly listeners = new Set<Listener>();
  private isTelling = false;

  /**
   * @param listener is called at once, while whoever logs waits: it should only note what it needs.
   * @returns what ends it.
   */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** @param line JSON, as it is written. Does not throw. */
  tell(line: string): void {
    if (this.isTelling || this.listeners.size === 0) return;
    this.isTelling = true;
    try {
      const error = read(line);
      for (const listener of this.listeners) this.call(listener, error);
    } finally {
      this.isTelling = false;
    }
  }

  private call(listener: Listener, error: LoggedError): void {
    try {
      listener(error);
    } catch (failure) {
      this.logger.error({ err: failure }, 'a listener of logged errors failed');
    }
  }
}

/** Outlives an application, as the logger does. */
export const loggedErrors = new LoggedErrors();

function read(line: string): LoggedError {
  const parsed = JSON.parse(line) as Record<string, unknown>;
  const { time, level, msg, module, err } = parsed;
  const fields = FIELDS.flatMap((name) => {
    const value = parsed[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return {
    at: new Date(String(time)),
    level: level === 'fatal' ? 'fatal' : 'error',
    message: typeof msg === 'string' ? msg : '',
    ...(typeof module === 'string' && { module }),
    ...(isObject(err) && { err: readError(err) }),
    fields: Object.fromEntries(fields),
  };
}

/** As pino's serializer writes errors; whoever logs something else as `err` gets what there is of it. */
function readError({ type, code, message, stack }: Record<string, unknown>): NonNullable<LoggedError['err']> {
  return {
    type: typeof type === 'string' ? type : 'Error',
    ...(typeof code === 'string' && { code }),
    message: typeof message === 'string' ? message : '',
    ...(typeof stack === 'string' && { stack }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
