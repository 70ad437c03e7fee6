import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { setTimeout as delay } from 'node:timers/promises';
import type { Counter } from 'prom-client';
import { DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import { DATABASE_LIMITS, type DatabaseLimits } from './database-limits.js';
import { TRANSACTION_RETRIES } from './database.metrics.js';

/** SQLSTATEs by which PostgreSQL ends one of several transactions that are in each other's way. */
const CONFLICTS: Readonly<Record<string, string>> = { '40P01': 'deadlock', '40001': 'serialization' };
const MAX_ATTEMPTS = 5;
/** Before attempt n+1 it waits a random time up to this · 2^(n-1): whoever collided must not collide again. */
const RETRY_BASE_MS = 20;

/** Transactions that are tried again when another was in their way, and that are bounded behind a pooler, too. */
@Injectable()
export class Transactions {
  private readonly logger = new Logger(Transactions.name);

  constructor(
    private readonly dataSource: DataSource,
    @Inject(DATABASE_LIMITS) private readonly limits: DatabaseLimits,
    @InjectMetric(TRANSACTION_RETRIES) private readonly retries: Pick<Counter, 'inc'>,
  ) {
    for (const reason of Object.values(CONFLICTS)) retries.inc({ reason }, 0);
  }

  /**
   * Runs `work` in one transaction.
   * @param work is called again after a deadlock or a serialization failure, five times at most: what it does beside
   *   writing through its manager has to be repeatable.
   * @throws what `work` throws; DatabaseUnavailableError, and then it may or may not have been committed.
   */
  async run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.dataSource.transaction(async (manager) => {
          if (this.limits.pooled) await this.bound(manager);
          return work(manager);
        });
      } catch (error) {
        const reason = conflictOf(error);
        if (reason === undefined || attempt >= MAX_ATTEMPTS) throw error;
        this.retries.inc({ reason });
        this.logger.log({ reason, attempt }, 'transaction was in the way of another; trying again');
        await delay(Math.random() * RETRY_BASE_MS * 2 ** (attempt - 1));
      }
    }
  }

  /** Until the end of the transaction: the session is somebody else's after it. */
  private async bound(manager: EntityManager): Promise<void> {
    const { statementTimeoutMs, idleTransactionTimeoutMs } = this.limits;
    await manager.query(
      `SELECT set_config('statement_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $2, true)`,
      [String(statementTimeoutMs), String(idleTransactionTimeoutMs)],
    );
  }
}

function conflictOf(error: unknown): string | undefined {
  if (!(error instanceof QueryFailedError)) return undefined;
  const driverError: Error & { code?: string } = error.driverError;
  return CONFLICTS[driverError.code ?? ''];
}
