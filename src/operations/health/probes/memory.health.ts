import { Injectable } from '@nestjs/common';
import { totalmem } from 'node:os';
import { type Findings, type HealthProbe, Probe } from '../../../core/probes/index.js';

/** Above this share the next burst of work may end the process. */
const MOST = 0.8;

/** What the process takes of the memory that it may: of its container's limit, or else of the machine's. */
@Injectable()
@Probe({ name: 'memory', timeoutMs: 1000, cacheMs: 1000, essential: false })
export class MemoryProbe implements HealthProbe {
  async check(): Promise<Findings> {
    const rssBytes = process.memoryUsage.rss();
    // Without a limit it is 0, or a number beyond all memory.
    const limitBytes = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
    return { rssBytes, limitBytes, ...(rssBytes > MOST * limitBytes && { reason: 'memory.high' }) };
  }
}
