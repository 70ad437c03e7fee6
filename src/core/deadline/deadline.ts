/** Thrown when an answer has not come within its time; it may still come. */
export class DeadlineError extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'DeadlineError';
  }
}

/**
 * Rejects with DeadlineError when `answer` has not come in time. A process that was busy for longer than `ms` finds
 * its timers due before it has read what has long arrived, so sockets are read once more first.
 */
export async function withDeadline<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => reject(new DeadlineError(ms))), ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
