import { Logger } from '@nestjs/common';
import { messageOf } from '../../core/errors/index.js';

const PROBE_EVERY_MS = 250;

/**
 * A circuit: open from the first decision that Redis did not give in time until it answers a ping. In between nobody
 * waits for it but the one ping that is under way.
 */
export class RedisOutage {
  private readonly logger = new Logger('Throttling');
  private on = false;
  private stopped = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly ping: () => Promise<unknown>,
    private readonly onChange: (on: boolean) => void = () => undefined,
  ) {}

  get isOn(): boolean {
    return this.on;
  }

  begin(error: unknown): void {
    // All decisions of a batch fail together, and later batches may be under way.
    if (this.on || this.stopped) return;
    this.on = true;
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

  /** A ping has no deadline: when Redis wakes up it is answered, and when the connection is lost it fails. */
  private async probe(): Promise<void> {
    try {
      await this.ping();
    } catch {
      // Still away, as was said when it began.
      this.probeSoon();
      return;
    }
    this.on = false;
    this.onChange(false);
    this.logger.log('Redis answers again: limits are shared by all processes');
  }
}
