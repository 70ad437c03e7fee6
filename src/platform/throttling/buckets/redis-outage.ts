import { Logger } from '@nestjs/common';
import { messageOf } from '../../../core/errors/index.js';

const PROBE_EVERY_MS = 250;
/** A connection that says nothing for so long is given up: one whose other end has vanished does not recover. */
const SILENCE_MS = 5000;

export interface RedisConnection {
  ping(): Promise<unknown>;
  /** Gives up the connection for a new one; questions under way fail. */
  reconnect(): void;
}

/**
 * A circuit: open from the first decision that Redis did not give in time until it answers a ping. In between nobody
 * waits for it but the one ping that is under way.
 */
export class RedisOutage {
  private readonly logger = new Logger('Throttling');
  private on = false;
  private stopped = false;
  private timer: NodeJS.Timeout | undefined;
  private reconnectAt = 0;

  constructor(
    private readonly connection: RedisConnection,
    private readonly onChange: (on: boolean) => void = () => undefined,
  ) {}

  get isOn(): boolean {
    return this.on;
  }

  begin(error: unknown): void {
    // All decisions of a batch fail together, and later batches may be under way.
    if (this.on || this.stopped) return;
    this.on = true;
    this.reconnectAt = performance.now() + SILENCE_MS;
    this.onChange(true);
    this.logger.warn(
      `Redis does not answer (${messageOf(error)}): until it does, this process limits requests by itself`,
    );
    this.probeSoon();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private probeSoon(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.probe(), PROBE_EVERY_MS).unref();
  }

  private async probe(): Promise<void> {
    // When Redis wakes up it answers, and when the connection is given up the ping fails.
    const impatience = setTimeout(() => this.reconnect(), SILENCE_MS).unref();
    try {
      await this.connection.ping();
    } catch {
      // Still away, as was said when it began. A connection can also hang before it is ready for a ping.
      if (performance.now() > this.reconnectAt) this.reconnect();
      this.probeSoon();
      return;
    } finally {
      clearTimeout(impatience);
    }
    this.on = false;
    this.onChange(false);
    this.logger.log('Redis answers again: limits are shared by all processes');
  }

  private reconnect(): void {
    this.reconnectAt = performance.now() + SILENCE_MS;
    this.connection.reconnect();
  }
}
