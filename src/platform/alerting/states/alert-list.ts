import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Parameters } from '../../../core/database/index.js';
import { NotFoundError } from '../../../core/errors/index.js';
import type { AlertNotification } from '../notifying/alert-notification.entity.js';
import type { AlertRow, AlertState } from './alert.entity.js';
import { ALERT_COLUMNS } from './alert-writer.js';

export interface AlertFilter {
  readonly state?: AlertState | undefined;
  readonly rule?: string | undefined;
}

/** An alert's place in a list. */
export type AlertKey = readonly [pendingSince: Date | string, id: string];

/** What was delivered, or is to be, of an alert. */
export type Delivery = Pick<
  AlertNotification,
  'channel' | 'state' | 'attempts' | 'lastError' | 'createdAt' | 'sentAt'
> & { readonly kind: string };

/** Deliveries that are shown of an alert. */
const MAX_DELIVERIES = 50;

/** Alerts that there are and were. */
@Injectable()
export class AlertList {
  constructor(private readonly dataSource: DataSource) {}

  /** Up to `count` alerts behind a place, the latest first. */
  async list(filter: AlertFilter, count: number, after?: AlertKey): Promise<AlertRow[]> {
    const parameters = new Parameters();
    const conditions = [
      filter.state !== undefined && `state = ${parameters.bind(filter.state)}`,
      filter.rule !== undefined && `rule = ${parameters.bind(filter.rule)}`,
      after && `(pending_since, id) < (${parameters.bind(after[0])}, ${parameters.bind(after[1])})`,
    ].filter((condition) => typeof condition === 'string');
    return this.dataSource.query<AlertRow[]>(
      `SELECT ${ALERT_COLUMNS} FROM alert ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
       ORDER BY pending_since DESC, id DESC LIMIT ${parameters.bind(count)}`,
      parameters.values,
    );
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<{ alert: AlertRow; deliveries: Delivery[] }> {
    const [alert] = await this.dataSource.query<AlertRow[]>(
      `SELECT ${ALERT_COLUMNS} FROM alert WHERE id = $1`,
      [id],
    );
    if (!alert) throw new NotFoundError('alert', id);
    const deliveries = await this.dataSource.query<Delivery[]>(DELIVERIES, [
      alert.pendingSince,
      JSON.stringify({ alerts: [{ id }] }),
      MAX_DELIVERIES,
    ]);
    return { alert, deliveries };
  }

  /** How many alerts of each rule are pending and firing. */
  async openByRule(): Promise<Map<string, { pending: number; firing: number }>> {
    const rows = await this.dataSource.query<{ rule: string; pending: number; firing: number }[]>(
      `SELECT rule, count(*) FILTER (WHERE state = 'pending')::int AS pending,
         count(*) FILTER (WHERE state = 'firing')::int AS firing
       FROM alert WHERE state <> 'resolved' GROUP BY rule`,
    );
    return new Map(rows.map(({ rule, ...counts }) => [rule, counts]));
  }
}

/** Of an alert among those that a message tells of; there are few messages, for alerts are rare. */
const DELIVERIES = `
SELECT channel, message->>'kind' AS kind, state, attempts, last_error AS "lastError", created_at AS "createdAt",
  sent_at AS "sentAt"
FROM alert_notification WHERE created_at >= $1 AND message @> $2::jsonb ORDER BY seq LIMIT $3`;
