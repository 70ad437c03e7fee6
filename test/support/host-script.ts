import type { Redis } from 'ioredis';
import { HOST_EXCHANGE } from '../../src/features/scraping/politeness/lua/host-exchange.lua.js';
import { type Refusal, REFUSALS } from '../../src/features/scraping/politeness/lua/host-grants.lua.js';
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
    this.lua = HOST_EXCHANGE.replace("call('TIME')", `{ 0, tonumber(call('GET', '${this.clock}')) }`);
    if (!this.lua.includes(this.clock)) throw new Error('the script looks at its clock in another way');
  }

  keysOf(host: string): [string, string] {
    return [`${this.prefix}:host:${host}`, `${this.prefix}:host-permits:${host}`];
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
      2,
      ...this.keysOf(host),
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
