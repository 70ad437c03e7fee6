import { withDeadline } from '../../../core/deadline/index.js';

/** Thrown instead of asking somebody who has just failed to answer several times. */
export class CircuitOpenError extends Error {
  constructor() {
    super('not asked: it did not answer the last times');
    this.name = 'CircuitOpenError';
  }
}

/** Failures in a row after which the circuit opens. */
const FAILURES = 3;

/**
 * Keeps callers from waiting for something that does not answer. Closed, everybody may ask. After three failures in a
 * row, time-outs among them, it is open: all are turned away at once. A probe is let through even then; when it is
 * answered the circuit closes. Probing is not left to callers, who would have to wait: see {@link TagVersions}.
 */
export class Circuit {
  private failures = 0;

  /** @param deadlineMs how long one call may take. */
  constructor(private readonly deadlineMs: number) {}

  get isOpen(): boolean {
    return this.failures >= FAILURES;
  }

  /**
   * @throws CircuitOpenError, DeadlineError, and what `call` throws.
   */
  async run<T>(call: () => Promise<T>, { probe = false } = {}): Promise<T> {
    if (this.isOpen && !probe) throw new CircuitOpenError();
    try {
      const answer = await withDeadline(call(), this.deadlineMs);
      this.failures = 0;
      return answer;
    } catch (error) {
      this.failures++;
      throw error;
    }
  }
}
