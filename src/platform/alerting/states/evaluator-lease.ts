import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { instanceId } from '../../../core/process/index.js';

/** Two evaluations that were missed, and a bit: then another scheduler takes over. */
const LEASE_SECONDS = 40;

/**
 * Makes one of all schedulers evaluate the rules. It holds a lease, which it renews with each evaluation; when it ends it
 * gives it back, and when it dies another has it within {@link LEASE_SECONDS} seconds. One that was frozen, and goes on
 * after another took over, is turned away when it wants to write.
 */
@Injectable()
export class EvaluatorLease {
  constructor(private readonly dataSource: DataSource) {}

  /** @returns whether this process holds it. */
  async take(): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(TAKE, [instanceId, LEASE_SECONDS]);
    return rows.length > 0;
  }

  /**
   * Within the transaction that writes what was found: holds it until the transaction ends.
   * @returns the time by PostgreSQL's clock, which is the same for all schedulers; `undefined` when another has taken over.
   */
  async confirm(manager: EntityManager): Promise<Date | undefined> {
    const [rows] = await manager.query<[{ now: Date }[], number]>(CONFIRM, [instanceId]);
    return rows[0]?.now;
  }

  async giveBack(): Promise<void> {
    await this.dataSource.query('UPDATE alert_evaluator SET leased_until = now() WHERE holder = $1', [
      instanceId,
    ]);
  }
}

const TAKE = `
INSERT INTO alert_evaluator AS e (id, holder, leased_until) VALUES (1, $1, now() + make_interval(secs => $2))
ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, leased_until = excluded.leased_until
WHERE e.holder = excluded.holder OR e.leased_until < now()
RETURNING id`;

const CONFIRM = `UPDATE alert_evaluator SET evaluated_at = now() WHERE holder = $1 RETURNING now() AS now`;
