import { z } from 'zod';
import { text } from '../../../core/http/index.js';
import { MAX_PROFILE_SECONDS } from '../../../platform/performance/index.js';
import { workerId } from '../workers/worker.dto.js';

const seconds = `expected a whole number of seconds from 1 to ${MAX_PROFILE_SECONDS}`;

export const cpuProfileBody = z.strictObject({
  seconds: z.int(seconds).min(1, seconds).max(MAX_PROFILE_SECONDS, seconds),
  worker: workerId.optional().describe('Of this worker; without it of the process that answers'),
});

export const heapSnapshotBody = z.strictObject({
  reason: text(200).describe('Why all that the process holds, with its secrets, is taken; kept in the audit'),
});
