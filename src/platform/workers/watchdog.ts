import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Redis } from 'ioredis';
import { type RedisConfig, redisConfig } from '../../core/redis/index.js';
import { ControllableWorker } from '../queues/index.js';
import { type WorkersConfig, workersConfig } from './workers.config.js';

/** `EX_SOFTWARE` of sysexits.h: something is wrong inside, and starting again helps. */
const WATCHDOG_EXIT_CODE = 70;
/** Looks within the time after which silence is enough. */
const LOOKS = 4;
/** "At once", on a machine that is busy. */
const PING_MS = 2000;

/** Ends this process now, without its shutdown hooks: those would wait for the connections that are dead. */
export abstract class ProcessExit {
  abstract exit(code: number): void;
}

@Injectable()
export class ImmediateExit extends ProcessExit {
  exit(code: number): void {
    process.exit(code);
  }
}

/** Asks Redis on a connection of its own whether it is there. */
export abstract class FreshPing {
  abstract answers(): Promise<boolean>;
}

@Injectable()
export class RedisPing extends FreshPing {
  constructor(@Inject(redisConfig.token) private readonly config: RedisConfig) {
    super();
  }

  async answers(): Promise<boolean> {
    const redis = new Redis(this.config.url, {
      connectionName: `${this.config.prefix}:watchdog`,
      lazyConnect: true,
      retryStrategy: () => null,
      connectTimeout: PING_MS,
      commandTimeout: PING_MS,
    });
    redis.on('error', () => undefined); // The answer tells.
    try {
      await redis.ping();
      return true;
    } catch {
      return false;
    } finally {
      redis.disconnect();
    }
  }
}

/**
 * Ends a worker whose connections are dead although Redis is well: nothing else would, and it would hold its place
 * without doing anything. Whatever started it starts it again, and its tasks are found by others.
 *
 * Every quarter of WORKER_WATCHDOG_MS it looks whether the consumers have heard from Redis since the last look. If not,
 * it asks Redis on a fresh connection. An answer adds the time since the last look, a quarter at most, to the silence;
 * no answer sets it to nothing: while Redis is away the worker waits, and then has the whole time to find it again. So
 * neither a frozen process nor a clock that is set counts as silence.
 */
@Injectable()
export class Watchdog implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Watchdog.name);
  private timer: NodeJS.Timeout | undefined;
  private contact = Number.NaN;
  private silentLooks = 0;
  private hasEnded = false;

  constructor(
    private readonly worker: ControllableWorker,
    private readonly redis: FreshPing,
    private readonly ending: ProcessExit,
    @Inject(workersConfig.token) private readonly config: WorkersConfig,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.watchdogMs > 0) this.lookLater();
  }

  onApplicationShutdown(): void {
    this.hasEnded = true;
    clearTimeout(this.timer);
  }

  private lookLater(): void {
    this.timer = setTimeout(() => void this.runOnce(), this.config.watchdogMs / LOOKS);
  }

  async runOnce(): Promise<void> {
    const contact = this.worker.lastContact();
    const isSilent = this.expectsContact() && contact === this.contact;
    this.contact = contact;
    if (!isSilent || !(await this.redis.answers())) this.silentLooks = 0;
    else if (++this.silentLooks >= LOOKS && contact === this.worker.lastContact()) this.end();
    if (!this.hasEnded) this.lookLater();
  }

  /** A worker that takes nothing asks Redis for nothing, either. */
  private expectsContact(): boolean {
    const { queues, paused, draining, active, reserved, concurrency } = this.worker.snapshot();
    const isFull = active.length + reserved.length >= concurrency;
    return !paused && !draining && !isFull && queues.some(({ consuming }) => consuming);
  }

  private end(): void {
    this.hasEnded = true;
    this.logger.fatal(
      `Redis answers a new connection at once, and has not answered those of this worker for ${this.config.watchdogMs} ms: they are dead. The process ends with status ${WATCHDOG_EXIT_CODE}, to be started again.`,
    );
    this.ending.exit(WATCHDOG_EXIT_CODE);
  }
}
