import { totalmem } from 'node:os';

interface MemoryUse {
  readonly rssBytes: number;
  /** What the process may take: its container's limit, or else all that the machine has. */
  readonly limitBytes: number;
}

/** What the process takes of the memory that it may. */
export function memoryUse(): MemoryUse {
  // Without a limit it is 0, or a number beyond all memory.
  const limitBytes = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
  return { rssBytes: process.memoryUsage.rss(), limitBytes };
}
