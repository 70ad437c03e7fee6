import { Injectable } from '@nestjs/common';
import { statfs } from 'node:fs/promises';
import { type Findings, type HealthProbe, Probe } from '../../../core/probes/index.js';

const LEAST = 0.05;

/** The disk of the working directory, where files that are written by default go. */
@Injectable()
@Probe({ name: 'disk', timeoutMs: 1000, cacheMs: 10_000, essential: false })
export class DiskProbe implements HealthProbe {
  async check(): Promise<Findings> {
    const { bavail, blocks, bsize } = await statfs('.');
    const [freeBytes, totalBytes] = [bavail * bsize, blocks * bsize];
    return { freeBytes, totalBytes, ...(freeBytes < LEAST * totalBytes && { reason: 'disk.full' }) };
  }
}
