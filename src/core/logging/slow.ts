/** A request or a task that takes longer is worth a warning. */
export const SLOW_MS = 1000;
