import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { InvalidInputError } from '../../../core/errors/index.js';
import { type RedisConfig, redisConfig } from '../../../core/redis/index.js';
import { parseJson } from '../../../core/json/index.js';
import { type StoredWorker, WorkerStore } from '../registry/worker-store.js';
import { WorkersUnavailableError } from '../workers.errors.js';
import { WORKERS_REDIS } from '../workers-redis.js';
import { type AnswerTo, answerSchemas } from './answers.js';
import {
  channelKeys,
  MAX_TIMEOUT_MS,
  MAX_WAITING,
  type RawReply,
  replySchema,
  type WorkerReply,
} from './command-channel.js';
import { commandSchema, type WorkerCommand } from './commands.js';
import { SEND_COMMAND } from './send-command.lua.js';

const DEFAULT_TIMEOUT_MS = 2000;
/** An answer comes within milliseconds; one that takes longer may be found a little later, too. */
const POLL_MS = { first: 5, most: 50 };

const optionsSchema = z.object({
  destinations: z.array(z.string().min(1).max(300)).max(1000).optional(),
  timeoutMs: z.int().min(50).max(MAX_TIMEOUT_MS).default(DEFAULT_TIMEOUT_MS),
});

export interface SendOptions {
  /** Ids of workers, 1000 at most; by default all that are online. */
  destinations?: string[];
  /** Milliseconds to wait for replies, 50 to 60000; 2000 by default. */
  timeoutMs?: number;
}

export interface CommandOutcome<R> {
  /** By worker. */
  replies: WorkerReply<R>[];
  /** Workers that were addressed and have not answered in time. Whoever has not begun by then never does. */
  silent: string[];
}

/**
 * Tells workers what to do, and hears what they say.
 *
 * 1. The command is put into Redis under a key that Redis removes when its time is over, and its id into the inbox of
 *    each worker, a stream. Whether it is in time is decided by Redis's clock alone.
 * 2. A worker waits for its inbox on a connection of its own, and so answers also while all its slots are busy. It
 *    remembers itself how far it has read, so that an id is neither lost with a connection nor read twice; it looks the
 *    command up, and does nothing when that is gone: a worker that was frozen finds only the id.
 * 3. Its reply goes into a list that we read until everybody has answered or time is up.
 *
 * Not publish/subscribe: what is published while a worker reconnects is lost without anybody knowing, and what waits in
 * the socket of a frozen worker is carried out when it wakes. Replies are polled for: commands are rare, most answers
 * are there at the first look, and a blocking read would need a connection for each command under way.
 */
@Injectable()
export class WorkerCommands {
  private readonly keys: ReturnType<typeof channelKeys>;

  constructor(
    private readonly store: WorkerStore,
    @Inject(WORKERS_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) { prefix }: RedisConfig,
  ) {
    this.keys = channelKeys(prefix);
  }

  /**
   * Resolves when all have answered, at the latest after the time-out.
   * @throws InvalidInputError when the command or an option does not fit; WorkersUnavailableError when Redis is away.
   */
  async send<C extends WorkerCommand>(
    command: C,
    options: SendOptions = {},
  ): Promise<CommandOutcome<AnswerTo<C['type']>>> {
    check(commandSchema, command, 'command');
    const { destinations: named, timeoutMs } = check(optionsSchema, options, 'options');
    // Who is named twice is told once.
    const destinations = named && [...new Set(named)].sort();
    const { now, workers } = await this.store.read(destinations, { factsOf: 'none' }).catch((error) => {
      throw new WorkersUnavailableError(error);
    });
    const until = performance.now() + timeoutMs;
    const asked = workers.filter((worker) => isWorthAsking(worker, destinations)).map((worker) => worker.id);
    const replies = await this.exchange(command, asked, now + timeoutMs, until);
    const addressed = destinations ?? asked.sort();
    return {
      replies: addressed.flatMap((workerId) => replies.get(workerId) ?? []),
      silent: addressed.filter((workerId) => !replies.has(workerId)),
    };
  }

  /** @param expiresAt by Redis's clock. @param until by ours, and not before that. */
  private async exchange<C extends WorkerCommand>(
    command: C,
    asked: string[],
    expiresAt: number,
    until: number,
  ): Promise<Map<string, WorkerReply<AnswerTo<C['type']>>>> {
    if (asked.length === 0) return new Map();
    const id = randomUUID();
    const keys = [this.keys.command(id), ...asked.map(this.keys.inbox)];
    const args = [id, JSON.stringify(command), expiresAt, MAX_WAITING];
    try {
      const inTime = (await SEND_COMMAND.run(this.redis, keys, args)) === 1;
      return inTime ? await this.collect(id, command, new Set(asked), until) : new Map();
    } catch (error) {
      throw new WorkersUnavailableError(error, { sent: true });
    }
  }

  private async collect<C extends WorkerCommand>(
    id: string,
    { type }: C,
    from: ReadonlySet<string>,
    until: number,
  ): Promise<Map<string, WorkerReply<AnswerTo<C['type']>>>> {
    const replies = new Map<string, WorkerReply<AnswerTo<C['type']>>>();
    let read = 0;
    for (let pause = POLL_MS.first; ; pause = Math.min(2 * pause, POLL_MS.most)) {
      const isLast = performance.now() >= until;
      const texts = await this.redis.lrange(this.keys.replies(id), read, -1);
      read += texts.length;
      for (const text of texts) {
        const reply = replySchema.safeParse(parseJson(text));
        if (!reply.success || !from.has(reply.data.workerId)) continue;
        replies.set(reply.data.workerId, checked<C>(type, reply.data));
      }
      if (replies.size === from.size || isLast) return replies;
      await delay(Math.min(pause, Math.max(0, until - performance.now())));
    }
  }
}

/** Who is named explicitly may be frozen, and wake up in time; who has stopped does not come back. */
function isWorthAsking({ state }: StoredWorker, destinations: readonly string[] | undefined): boolean {
  return state === 'online' || (state === 'offline' && destinations !== undefined);
}

/** A worker of another release may answer what we cannot read; then it did what it was told, and we say so. */
function checked<C extends WorkerCommand>(
  type: C['type'],
  reply: RawReply,
): WorkerReply<AnswerTo<C['type']>> {
  if (!reply.ok) return reply;
  const result = answerSchemas[type].safeParse(reply.result);
  if (result.success) return { ...reply, result: result.data as AnswerTo<C['type']> };
  const message = 'The worker, of another release, carried the command out; its answer cannot be read here.';
  return { workerId: reply.workerId, ok: false, error: { code: 'worker.unreadable_answer', message } };
}

function check<S extends z.ZodType>(schema: S, input: unknown, whole: string): z.output<S> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw InvalidInputError.fromIssues(parsed.error.issues, input, whole);
  return parsed.data;
}
