import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Periodic, type PeriodicWork } from '../scheduling/index.js';
import { type AuthConfig, authConfig } from './auth.config.js';

/** Rows of one statement: few enough that it neither runs long nor locks much. */
const BATCH = 5000;

/** Deletes audit entries that are older than they have to be kept. Safe when several schedulers do it at once. */
@Injectable()
@Periodic({ name: 'trim-audit', everyMs: 3_600_000 })
export class AuditTrimmer implements PeriodicWork {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(authConfig.token) private readonly config: AuthConfig,
  ) {}

  async runOnce(): Promise<void> {
    let deleted: number;
    do {
      const [, count]: [unknown, number] = await this.dataSource.query(
        `DELETE FROM audit_entry WHERE id IN (
           SELECT id FROM audit_entry WHERE at < now() - make_interval(days => $1)
           ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
        [this.config.auditRetentionDays, BATCH],
      );
      deleted = count;
    } while (deleted === BATCH);
  }
}
