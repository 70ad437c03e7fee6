import type pg from 'pg';
import type { DataSource } from 'typeorm';

/** `active`: connections at work; `waiting`: callers that wait for one. */
type PoolUse = Readonly<Record<'active' | 'idle' | 'waiting', number>>;

/** What the process's pool of connections does at this moment. */
export function poolUse(dataSource: DataSource): PoolUse {
  // TypeORM has one pool for a data source without replicas, and no type for it.
  const { master } = dataSource.driver as unknown as { master: pg.Pool };
  const { totalCount, idleCount, waitingCount } = master;
  return { active: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
}
