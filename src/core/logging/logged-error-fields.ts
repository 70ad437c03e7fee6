/** What pino's serializer makes of an error: also everything that was hung on it. */
interface Serialised {
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
  const { type, code, message, stack, aggregateErrors }: Serialised = error;
  return {
    type,
    code,
    message,
    stack,
    errors: Array.isArray(aggregateErrors) ? aggregateErrors.map(loggedErrorFields) : undefined,
  };
}
