import { Inject, Injectable } from '@nestjs/common';
import { type Findings, type HealthProbe, Probe } from '../../core/probes/index.js';
import { Workers } from './registry/workers.js';
import { type WorkersConfig, workersConfig } from './workers.config.js';

/** Whether as many work as are expected to. */
@Injectable()
@Probe({ name: 'workers', timeoutMs: 2500, cacheMs: 2000, essential: false })
export class WorkersProbe implements HealthProbe {
  constructor(
    private readonly workers: Workers,
    @Inject(workersConfig.token) private readonly config: WorkersConfig,
  ) {}

  async check(): Promise<Findings> {
    const { expected } = this.config;
    const online = (await this.workers.list()).filter(({ state }) => state === 'online').length;
    const reason = online === 0 ? 'workers.none' : 'workers.too_few';
    return { online, expected, ...(online < expected && { reason }) };
  }
}
