import type pg from 'pg';
import type { DataSource } from 'typeorm';

/** `active`: connections at work; `waiting`: callers that wait for one. */
type PoolUse = Readonly<Record<'active' | 'idle' | 'waiting', number>>;

/** Tells what the process's pool of connections does at a moment, also when the data source is closed by then. */
export function poolReader(dataSource: DataSource): () => PoolUse {
  // TypeORM has one pool for a data source without replicas, and no type for it.
  const { master } = dataSource.driver as unknown as { master: pg.Pool };
  return () => ({
    active: master.totalCount - master.idleCount,
    idle: master.idleCount,
    waiting: master.waitingCount,
  });
}
