import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type Findings, type HealthProbe, Probe } from '../probes/index.js';
import { DATABASE_LIMITS, type DatabaseLimits } from './database-limits.js';
import { poolReader } from './pool-use.js';

/**
 * Whether PostgreSQL answers, and has the schema of this release. A process does not boot on an older one, so that it can
 * only have become so: by restoring a backup, or by taking a migration back. Part of what it does fails then, in every
 * process alike; taking all of them out of service would mend nothing.
 */
@Injectable()
@Probe({ name: 'database', timeoutMs: 2000, cacheMs: 1000, essential: true })
export class DatabaseProbe implements HealthProbe {
  private readonly readPool: ReturnType<typeof poolReader>;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(DATABASE_LIMITS) private readonly limits: DatabaseLimits,
  ) {
    this.readPool = poolReader(dataSource);
  }

  async check(): Promise<Findings> {
    // Before there is a query of our own.
    const pool = { ...this.readPool(), max: this.limits.poolMax };
    const start = performance.now();
    const rows = await this.dataSource.query<{ name: string }[]>('SELECT name FROM migrations');
    const latencyMs = Math.round((performance.now() - start) * 10) / 10;
    const applied = new Set(rows.map(({ name }) => name));
    const pendingMigrations = this.dataSource.migrations
      .map((migration) => migration.name ?? '')
      .filter((name) => !applied.has(name));
    return {
      latencyMs,
      pool,
      pendingMigrations,
      ...(pendingMigrations.length > 0 && { reason: 'database.migrations_pending' }),
    };
  }
}
