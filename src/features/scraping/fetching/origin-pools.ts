import { LRUCache } from 'lru-cache';
import { type buildConnector, type Dispatcher, Pool } from 'undici';

/** Origins that connections are kept for; a crawl of more closes those that were asked longest ago. */
const MAX_ORIGINS = 256;

/** More than politeness ever lets through at once; what comes on top waits its turn. */
const CONNECTIONS_PER_ORIGIN = 64;

/** However long a server offers to keep a connection open, it is closed when nobody has used it for this time. */
const KEEP_ALIVE_MAX_MS = 30_000;

export interface PoolOptions {
  connect: buildConnector.connector;
  headersTimeout: number;
  bodyTimeout: number;
  maxHeaderSize: number;
}

/**
 * Connections by origin, kept alive and bounded: undici's own Agent either grows with the number of origins or refuses
 * further ones. Proxies that the environment names are not used, for they would resolve names instead of our guard.
 */
export class OriginPools {
  private readonly pools: LRUCache<string, Pool>;
  /** Those that were pushed out while a request was still under way. */
  private readonly closing = new Set<Pool>();

  constructor(
    private readonly options: PoolOptions,
    maxOrigins = MAX_ORIGINS,
  ) {
    this.pools = new LRUCache({ max: maxOrigins, dispose: (pool) => this.retire(pool) });
  }

  /** Pools that are open or still closing. */
  get size(): number {
    return this.pools.size + this.closing.size;
  }

  /** To be used at once: another origin may push it out, after which it only finishes what it has begun. */
  of(origin: string): Dispatcher {
    let pool = this.pools.get(origin);
    if (!pool) {
      pool = new Pool(origin, {
        ...this.options,
        connections: CONNECTIONS_PER_ORIGIN,
        keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
      });
      this.pools.set(origin, pool);
    }
    return pool;
  }

  /** Cuts every connection; requests under way fail. */
  async destroy(): Promise<void> {
    this.pools.clear();
    await Promise.all([...this.closing].map((pool) => pool.destroy()));
  }

  private retire(pool: Pool): void {
    this.closing.add(pool);
    const gone = (): boolean => this.closing.delete(pool);
    pool.close().then(gone, gone);
  }
}
