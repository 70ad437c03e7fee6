import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type Findings, type HealthProbe, Probe } from '../probes/index.js';

@Injectable()
@Probe({ name: 'database', timeoutMs: 2000, cacheMs: 1000, essential: true })
export class DatabaseProbe implements HealthProbe {
  constructor(private readonly dataSource: DataSource) {}

  async check(): Promise<Findings> {
    const start = performance.now();
    await this.dataSource.query('SELECT 1');
    return { latencyMs: Math.round((performance.now() - start) * 10) / 10 };
  }
}
