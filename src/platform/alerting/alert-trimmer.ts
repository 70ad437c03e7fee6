import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Periodic, type PeriodicWork } from '../scheduling/index.js';
import { type AlertingConfig, alertingConfig } from './alerting.config.js';

/** Rows of one statement: few enough that it neither runs long nor locks much. */
const BATCH = 5000;

/** Messages that nobody took for a day are for a channel that is not configured any more. */
const GIVE_UP = `
UPDATE alert_notification SET state = 'failed', last_error = 'Nobody took it: its channel is not configured any more.'
WHERE seq IN (
  SELECT seq FROM alert_notification WHERE state = 'pending' AND created_at < now() - interval '1 day'
  ORDER BY seq LIMIT $1 FOR UPDATE SKIP LOCKED)`;

const TRIMS = [
  `DELETE FROM alert WHERE id IN (
     SELECT id FROM alert WHERE state = 'resolved' AND pending_since < now() - make_interval(days => $2)
       AND resolved_at < now() - make_interval(days => $2)
     ORDER BY pending_since LIMIT $1 FOR UPDATE SKIP LOCKED)`,
  `DELETE FROM alert_notification WHERE seq IN (
     SELECT seq FROM alert_notification WHERE created_at < now() - make_interval(days => $2)
     ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
  `DELETE FROM alert_silence WHERE id IN (
     SELECT id FROM alert_silence WHERE ends_at < now() - make_interval(days => $2)
     ORDER BY ends_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
];

/** Deletes what is older than it has to be kept. Safe when several schedulers do it at once. */
@Injectable()
@Periodic({ name: 'trim-alerts', everyMs: 600_000 })
export class AlertTrimmer implements PeriodicWork {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(alertingConfig.token) private readonly config: AlertingConfig,
  ) {}

  async runOnce(): Promise<void> {
    await this.repeat(GIVE_UP, [BATCH]);
    for (const sql of TRIMS) await this.repeat(sql, [BATCH, this.config.retentionDays]);
  }

  private async repeat(sql: string, parameters: readonly number[]): Promise<void> {
    let count: number;
    do [, count] = await this.dataSource.query<[unknown, number]>(sql, [...parameters]);
    while (count === BATCH);
  }
}
