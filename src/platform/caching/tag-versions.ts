import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { messageOf } from '../../core/errors/index.js';
import { RedisConnections } from '../../core/redis/index.js';
import { CacheClient } from './tiers/cache-client.js';
import { CacheStats } from './cache-stats.js';

/**
 * How long a version that Redis has told is believed, counted from when it was asked for. What has changed is
 * therefore seen by everybody within this time, whatever becomes of messages.
 */
export const TRUST_MS = 800;
/** How often versions are asked for; twice within the time of trust, so that one slow answer does no harm. */
const POLL_MS = 350;
const MAX_VERSION = 2 ** 53;

/**
 * Raises a version above what it was and above all that it can have been before Redis lost its data: it is the time
 * in microseconds. KEYS: version. ARGV: channel, tag, whether only a missing one is to be made.
 */
const RAISE = `
local found = redis.pcall('GET', KEYS[1])
local before = type(found) == 'string' and tonumber(found) or 0
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if not (before >= 0 and before <= now + 86400000000) then before = 0 end
if ARGV[3] == 'missing' and before > 0 then return string.format('%.0f', before) end
local version = string.format('%.0f', math.max(now, before + 1))
redis.call('SET', KEYS[1], version)
redis.call('PUBLISH', ARGV[1], ARGV[2] .. ' ' .. version)
return version`;

/** What this process knows of a tag. Handed out to be compared on the hot path; changed here only. */
export interface TagState {
  readonly name: string;
  version: number;
  /** Until when `version` is believed, on the monotonic clock. */
  trustedUntil: number;
  /** When this process learned of the last change: no fetch begun before it may be taken for current. */
  changedAt: number;
}

/**
 * The versions of tags. An entry is current while the versions that it was fetched under are those of its tags.
 *
 * 1. A process raises the versions of what it has changed, in Redis, after its commit.
 * 2. Redis publishes the new version; processes that listen drop what is older within milliseconds.
 * 3. Messages get lost. So each process asks for the versions every {@link POLL_MS} and believes an answer for
 *    {@link TRUST_MS}; then it asks before it answers, and while Redis is silent it goes to the database.
 * 4. A raise that Redis did not take is repeated until it does; until then this process trusts nothing of the tag.
 */
@Injectable()
export class TagVersions implements OnApplicationShutdown {
  private readonly logger = new Logger(TagVersions.name);
  private readonly states = new Map<string, TagState>();
  /** Tags that Redis has yet to hear of, each with the number of its raise. */
  private readonly unraised = new Map<string, number>();
  private raises = 0;
  private readonly channel: string;
  private timer: NodeJS.Timeout | undefined;
  private polling: Promise<void> | undefined;
  private ended = false;

  constructor(
    private readonly client: CacheClient,
    private readonly connections: RedisConnections,
    private readonly stats: CacheStats,
  ) {
    this.channel = client.key('changed');
  }

  /** Watches a tag from now on. Tags are named in code, so that they are few. */
  watch(tag: string): TagState {
    const known = this.states.get(tag);
    if (known) return known;
    const state = { name: tag, version: 0, trustedUntil: 0, changedAt: 0 };
    if (this.states.size === 0) this.listen();
    this.states.set(tag, state);
    return state;
  }

  /**
   * Asks Redis now, or joins those who are asking. Never rejects: what could not be told stays untrusted. While the
   * circuit is open nobody waits; the next poll finds out whether Redis is back.
   */
  async verify(): Promise<void> {
    if (!this.client.circuit.isOpen) await this.ask();
  }

  private async ask(): Promise<void> {
    this.polling ??= this.poll().finally(() => (this.polling = undefined));
    return this.polling;
  }

  /**
   * Makes every process fetch anew what it has under these tags. Resolves when Redis has taken it, or has failed to;
   * then it is repeated until it succeeds.
   */
  async raise(tags: readonly string[]): Promise<void> {
    for (const tag of tags) {
      this.stats.tiers.invalidations++;
      this.unraised.set(tag, ++this.raises);
      const state = this.states.get(tag);
      if (state) forget(state);
    }
    await this.raiseAll();
  }

  async onApplicationShutdown(): Promise<void> {
    this.ended = true;
    clearTimeout(this.timer);
    await this.polling;
    if (this.unraised.size > 0) await this.raiseAll();
  }

  private listen(): void {
    const subscriber = this.connections.connect('cache-changes', {
      // It only listens: what it would have heard meanwhile is lost anyway, and the polls find it.
      maxRetriesPerRequest: null,
      connectTimeout: 5000,
    });
    subscriber.on('message', (_channel: string, message: string) => this.heard(message));
    subscriber.subscribe(this.channel).catch((error: unknown) => {
      this.logger.debug(`not listening for changes: ${messageOf(error)}`);
    });
    this.schedule();
  }

  private heard(message: string): void {
    const [tag = '', version = ''] = message.split(' ');
    const state = this.states.get(tag);
    if (state) learn(state, version);
  }

  private schedule(): void {
    if (this.ended) return;
    this.timer = setTimeout(() => {
      void this.ask().then(() => this.schedule());
    }, POLL_MS);
    this.timer.unref();
  }

  private async poll(): Promise<void> {
    // Else an answer from before the change would make what has been changed trusted again.
    await this.raiseAll();
    const states = [...this.states.values()].filter((state) => !this.unraised.has(state.name));
    if (states.length === 0) return;
    const askedAt = performance.now();
    const keys = states.map((state) => this.key(state.name));
    const versions = await this.client
      .run((redis) => redis.mget(keys), { probe: true })
      .catch(() => undefined); // Counted by the client.
    if (!versions) return;
    for (const [index, state] of states.entries()) {
      const version = versions[index] ?? (await this.send(state.name, 'missing').catch(() => ''));
      // Raised meanwhile: what was asked before that says nothing any more.
      if (this.unraised.has(state.name) || Number(version) < state.version) continue;
      if (learn(state, version)) state.trustedUntil = askedAt + TRUST_MS;
    }
  }

  private async raiseAll(): Promise<void> {
    for (const [tag, raise] of this.unraised) {
      try {
        const version = await this.send(tag, 'always');
        // Not when it has changed once more since: that may have been after Redis answered.
        if (this.unraised.get(tag) === raise) this.unraised.delete(tag);
        const state = this.states.get(tag);
        if (state) learn(state, version);
      } catch (error) {
        this.stats.tiers.invalidationRetries++;
        this.logger.warn(
          { tag, err: error },
          'Redis did not hear that cached reads have changed; saying it again',
        );
        if (this.timer === undefined) this.schedule();
        return;
      }
    }
  }

  private async send(tag: string, when: 'always' | 'missing'): Promise<string> {
    return String(
      await this.client.run((redis: Redis) => redis.eval(RAISE, 1, this.key(tag), this.channel, tag, when), {
        probe: true,
      }),
    );
  }

  private key(tag: string): string {
    return this.client.key('version', tag);
  }
}

const isVersion = (text: string): boolean => /^\d{1,16}$/.test(text) && Number(text) < MAX_VERSION;

/** Versions only rise: an older one is an answer that was overtaken. @returns whether it was a version at all. */
function learn(state: TagState, text: string): boolean {
  if (!isVersion(text)) return false;
  const version = Number(text);
  if (version > state.version) {
    state.version = version;
    state.changedAt = performance.now();
  }
  return true;
}

function forget(state: TagState): void {
  state.trustedUntil = 0;
  state.changedAt = performance.now();
}
