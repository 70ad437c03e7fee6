import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { messageOf } from '../../../core/errors/index.js';
import { RateLimiter } from '../limits/rate-limiter.js';
import { type Limits, TaskLimits, type TimeLimit } from '../limits/task-limits.js';
import type { Outcome } from './outcome.js';

const REFRESH_MS = 1000;

/** The limits that operators have set, at most a second old; what was known last while Redis is away. */
@Injectable()
export class CurrentLimits implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(CurrentLimits.name);
  private limits: Limits = { rates: new Map(), times: new Map() };
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly source: TaskLimits,
    private readonly limiter: RateLimiter,
  ) {}

  onApplicationBootstrap(): void {
    void this.refresh();
  }

  beforeApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  time(task: string): TimeLimit | undefined {
    return this.limits.times.get(task);
  }

  /**
   * Puts a task off whose rate is limited and whose turn is still to come.
   * @param slot the rate for which it has been given its turn already: it is not asked twice.
   */
  async postpone(task: string, slot: string | undefined): Promise<Outcome | undefined> {
    const rate = this.limits.rates.get(task);
    if (rate === undefined || slot === rate) return undefined;
    const { waitMs, kept } = await this.limiter.take(task, rate);
    if (waitMs === 0) return undefined;
    return { type: 'postponed', until: Date.now() + waitMs, slot: kept ? rate : '' };
  }

  private async refresh(): Promise<void> {
    try {
      this.limits = await this.source.all();
    } catch (error) {
      this.logger.debug(`limits could not be read: ${messageOf(error)}`);
    }
    if (!this.stopped) this.timer = setTimeout(() => void this.refresh(), REFRESH_MS);
  }
}
