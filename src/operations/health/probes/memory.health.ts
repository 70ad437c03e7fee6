import { Injectable } from '@nestjs/common';
import { type Findings, type HealthProbe, Probe } from '../../../core/probes/index.js';
import { memoryUse } from '../../../core/process/index.js';

/** Above this share the next burst of work may end the process. */
const MOST = 0.8;

/** What the process takes of the memory that it may: of its container's limit, or else of the machine's. */
@Injectable()
@Probe({ name: 'memory', timeoutMs: 1000, cacheMs: 1000, essential: false })
export class MemoryProbe implements HealthProbe {
  async check(): Promise<Findings> {
    const { rssBytes, limitBytes } = memoryUse();
    return { rssBytes, limitBytes, ...(rssBytes > MOST * limitBytes && { reason: 'memory.high' }) };
  }
}
