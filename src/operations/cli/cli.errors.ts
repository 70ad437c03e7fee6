/** The command line was not understood; nothing has been done. */
export class UsageError extends Error {
  /** What shells and their tools use for this. */
  static readonly exitCode = 2;
}
