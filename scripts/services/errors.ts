/** Something about this machine, not a bug: the message says what to do, and a caller prints it without a stack. */
export class ServicesError extends Error {
  override name = 'ServicesError';
}

/** The text of an error, without a final stop. `connect` to a name with several addresses throws an AggregateError whose own message is empty. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.message.replace(/\.$/, '') || error.name;
}

/** Whether a system call failed with one of these codes, such as `ENOENT`. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
