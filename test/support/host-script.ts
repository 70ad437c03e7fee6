import type { Redis } from 'ioredis';
import { HOST_EXCHANGE } from '../../src/features/scraping/politeness/lua/host-exchange.lua.js';
import { type Refusal, REFUSALS } from '../../src/features/scraping/politeness/lua/host-grants.lua.js';
import { COUNT_OPEN_CIRCUITS } from '../../src/features/scraping/politeness/lua/open-circuits.lua.js';
import type { ReferenceLeave, ReferenceTerms } from './reference-host.js';

export interface ScriptSettings {
  lease: number;
  failures: number;
  cooldown: number;
  longestCooldown: number;
}

export interface ScriptAsk {
  id: string;
  by: string;
  count: number;
  terms: ReferenceTerms;
}

export interface ScriptAnswer {
  opened: number;
  probed: number;
  closed: number;
  /** For each ask: how many were granted, what keeps the rest, and for how many microseconds. */
  grants: [number, Refusal, number][];
}

/** The script of the exchange, with a clock that the test sets. Times in microseconds. */
export class HostScript {
  now = 1_700_000_000_000_000;
  private readonly lua: string;
  private readonly clock: string;

  constructor(
    private readonly redis: Redis,
    readonly prefix: string,
    private readonly settings: ScriptSettings,
  ) {
    this.clock = `${prefix}:clock`;
    this.lua = this.withClock(HOST_EXCHANGE, "call('TIME')");
  }

  get circuitsKey(): string {
    return `${this.prefix}:host-circuits`;
  }

  async openCircuits(): Promise<unknown> {
    await this.redis.set(this.clock, this.now);
    return this.redis.eval(this.withClock(COUNT_OPEN_CIRCUITS, "redis.call('TIME')"), 1, this.circuitsKey);
  }

  keysOf(host: string): [string, string] {
    return [`${this.prefix}:host:${host}`, `${this.prefix}:host-permits:${host}`];
  }

  private withClock(lua: string, looking: string): string {
    if (!lua.includes(looking)) throw new Error('the script looks at its clock in another way');
    return lua.replace(looking, `{ 0, tonumber(redis.call('GET', '${this.clock}')) }`);
  }

  async run(
    host: string,
    said: {
      leaves?: ({ id: string; started: number } & ReferenceLeave &
        Partial<ReferenceTerms> & { least?: number })[];
      held?: string[];
      lost?: { id: string; count: number }[];
      asks?: ScriptAsk[];
    },
  ): Promise<ScriptAnswer> {
    await this.redis.set(this.clock, this.now);
    const { lease, failures, cooldown, longestCooldown } = this.settings;
    const asks = (said.asks ?? []).map(({ id, by, count, terms }) => ({ id, by, count, ...terms }));
    const message = { leaves: said.leaves ?? [], held: said.held ?? [], lost: said.lost ?? [], asks };
    const [now, opened = 0, probed = 0, closed = 0, ...rest] = (await this.redis.eval(
      this.lua,
      3,
      ...this.keysOf(host),
      this.circuitsKey,
      lease,
      failures,
      cooldown,
      longestCooldown,
      JSON.stringify([message]),
      60_000,
    )) as number[];
    if (now !== this.now) throw new Error(`the script's time is ${now}`);
    const grants = asks.map((_, index): [number, Refusal, number] => {
      const [granted = 0, refusal = 0, wait = 0] = rest.slice(index * 3, index * 3 + 3);
      return [granted, REFUSALS[refusal] ?? 'none', wait];
    });
    return { opened, probed, closed, grants };
  }
}
