import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { GleanerError, InvalidInputError, messageOf } from '../../../core/errors/index.js';
import { type RedisConfig, redisConfig, RedisConnections } from '../../../core/redis/index.js';
import { ControllableWorker } from '../../queues/index.js';
import { parseJson } from '../../../core/json/index.js';
import { Heartbeat } from '../registry/heartbeat.js';
import { WorkerReport } from '../registry/worker-report.js';
import { UnknownCommandError } from '../workers.errors.js';
import { WORKERS_REDIS } from '../workers-redis.js';
import { channelKeys, type RawReply, REPLIES_KEPT_MS } from './command-channel.js';
import { CommandHandler } from './command-handler.js';
import { commandSchema, type CommandType, isKnownCommand, READING_COMMANDS } from './commands.js';

const BLOCK_MS = 5000;
const RETRY_MS = 250;
/** Nothing that a heartbeat would tell is changed by them. */
const READING: ReadonlySet<CommandType> = new Set(READING_COMMANDS);

/**
 * Takes commands from the inbox of this worker, one after another, and answers them; see WorkerCommands. One that
 * changes something is followed by a heartbeat.
 */
@Injectable()
export class CommandListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(CommandListener.name);
  private readonly keys: ReturnType<typeof channelKeys>;
  private blocking: Redis | undefined;
  private hasEnded = false;

  constructor(
    private readonly connections: RedisConnections,
    private readonly worker: ControllableWorker,
    private readonly handler: CommandHandler,
    private readonly heartbeat: Heartbeat,
    private readonly report: WorkerReport,
    @Inject(WORKERS_REDIS) private readonly redis: Redis,
    @Inject(redisConfig.token) { prefix }: RedisConfig,
  ) {
    this.keys = channelKeys(prefix);
  }

  onApplicationBootstrap(): void {
    this.blocking = this.connections.connect('worker-inbox', {
      maxRetriesPerRequest: null,
      retryStrategy: (times) => Math.min(times * 50, 500),
      // Longer than the blocking read; gets it off a half-open connection.
      socketTimeout: BLOCK_MS + 3000,
    });
    void this.listen(this.blocking);
  }

  /** It listens while the worker drains, and until its connections are closed. */
  onApplicationShutdown(): void {
    this.hasEnded = true;
    this.blocking?.disconnect();
  }

  private async listen(blocking: Redis): Promise<void> {
    const inbox = this.keys.inbox(this.worker.id);
    let last = '0-0';
    while (!this.hasEnded) {
      try {
        const answer = await blocking.xread('COUNT', 1, 'BLOCK', BLOCK_MS, 'STREAMS', inbox, last);
        const [entry] = answer?.[0]?.[1] ?? [];
        if (!entry) continue;
        // Before it is obeyed: what fails then is not tried again.
        last = entry[0];
        await this.obey(entry[1][1] ?? '');
      } catch (error) {
        if (this.hasEnded) return;
        this.logger.warn(`a command was not received, or not answered: ${messageOf(error)}`);
        await delay(RETRY_MS);
      }
    }
  }

  private async obey(id: string): Promise<void> {
    const command = await this.lookUp(id);
    if (command === undefined) {
      this.logger.warn({ command: id }, 'a command was found after its time, and is not carried out');
      return;
    }
    const reply = await this.replyTo(command);
    const key = this.keys.replies(id);
    await this.redis.multi().rpush(key, JSON.stringify(reply)).pexpire(key, REPLIES_KEPT_MS).exec();
  }

  /**
   * @returns the command, or `undefined` when its time is over: by Redis, or because this process was frozen between
   * asking and reading the answer. (The monotonic clock goes on meanwhile.)
   */
  private async lookUp(id: string): Promise<unknown> {
    const asked = performance.now();
    const answers = await this.redis.multi().get(this.keys.command(id)).pttl(this.keys.command(id)).exec();
    const [text, leftMs] = answers?.map(([, answer]) => answer) ?? [];
    if (typeof text !== 'string' || performance.now() - asked >= Number(leftMs)) return undefined;
    return parseJson(text) ?? null;
  }

  private async replyTo(input: unknown): Promise<RawReply> {
    const workerId = this.worker.id;
    try {
      if (!isKnownCommand(input)) throw new UnknownCommandError(this.report.version);
      const command = commandSchema.safeParse(input);
      if (!command.success) throw InvalidInputError.fromIssues(command.error.issues, input, 'command');
      this.logger.log({ command: command.data.type }, 'command received');
      const result = await this.handler.handle(command.data);
      if (!READING.has(command.data.type)) this.heartbeat.beatSoon();
      return { workerId, ok: true, result };
    } catch (error) {
      if (error instanceof GleanerError)
        return { workerId, ok: false, error: { code: error.code, message: error.message } };
      this.logger.error({ err: error }, 'a command failed');
      const message = 'The worker failed to carry the command out; its log tells why.';
      return { workerId, ok: false, error: { code: 'internal', message } };
    }
  }
}
