/** What pino's serializer makes of an error: also everything that was hung on it. */
interface Serialised {
  /** What was logged. */
  raw?: unknown;
  type?: unknown;
  code?: unknown;
  message?: unknown;
  stack?: unknown;
  aggregateErrors?: unknown;
}

/**
 * What a line says of an error: message and stack have those of its causes. Nothing else of it is written: what drivers
 * and clients hang on their errors is what they were given, e.g. the parameters of a statement.
 */
export function loggedErrorFields(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const { raw }: Serialised = error;
  // Of an error that happened elsewhere, or was kept, there is only what was said of it.
  const told: Serialised = typeof raw === 'object' && raw !== null && !(raw instanceof Error) ? raw : error;
  const { type, code, message, stack, aggregateErrors } = told;
  return {
    type,
    code,
    message,
    stack,
    errors: Array.isArray(aggregateErrors) ? aggregateErrors.map(loggedErrorFields) : undefined,
  };
}
