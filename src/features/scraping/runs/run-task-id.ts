/** One task per run, so that a run enqueued twice is still begun once. */
export const taskIdOf = (runId: string): string => `run-${runId}`;
