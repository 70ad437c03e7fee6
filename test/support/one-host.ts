import { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { HostScript } from './host-script.js';
import type { ReferenceLeave, ReferenceTerms } from './reference-host.js';

export const MS = 1000;
export const SECOND = 1_000_000;
export const HOST = 'example.org:443';
export const SETTINGS = {
  lease: 40 * SECOND,
  failures: 3,
  cooldown: 10 * SECOND,
  longestCooldown: 35 * SECOND,
};
export const UNLIMITED: ReferenceTerms = { interval: 0, burst: 1, concurrency: 1000 };

export interface Permit {
  id: string;
  started: number;
}

/** The script, asked about one host that nobody knows before each test. */
export class OneHost {
  redis!: Redis;
  script!: HostScript;
  private asked = 0;

  /** For the tests of a file. */
  static forEach(): OneHost {
    const host = new OneHost();
    beforeAll(() => {
      host.redis = new Redis(inject('redisUrl'));
    });
    beforeEach(() => {
      host.asked = 0;
      host.script = new HostScript(host.redis, `test-${randomBytes(6).toString('hex')}`, SETTINGS);
    });
    afterAll(() => host.redis.quit());
    return host;
  }

  /** Of a question. */
  nextId(): string {
    return `q${this.asked++}`;
  }

  /** Asks for so many. @returns what was granted, and what keeps the others. */
  readonly ask = async (count: number, terms = UNLIMITED, by = 'a') => {
    const id = this.nextId();
    const { grants, ...events } = await this.script.run(HOST, { asks: [{ id, by, count, terms }] });
    const [granted, refusal, wait] = grants[0]!;
    const permits = Array.from({ length: granted }, (_, n): Permit => ({
      id: `${id}:${n + 1}`,
      started: this.script.now,
    }));
    return { permits, granted, refusal, wait, ...events };
  };

  readonly enter = async (terms = UNLIMITED): Promise<Permit> => {
    const { permits, refusal } = await this.ask(1, terms);
    if (!permits[0]) throw new Error(`refused: ${refusal}`);
    return permits[0];
  };

  readonly leave = async (permits: readonly Permit[], outcome: ReferenceLeave & Record<string, unknown>) =>
    this.script.run(HOST, { leaves: permits.map((permit) => ({ ...permit, ...outcome })) });

  readonly field = async (name: string) => this.redis.hget(this.script.keysOf(HOST)[0], name);
}
