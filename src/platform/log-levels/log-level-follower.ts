import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { messageOf } from '../../core/errors/index.js';
import { Loop } from '../../core/loop/index.js';
import { LogLevels } from '../../core/logging/index.js';
import { LogLevelSettings } from './log-level-settings.js';

const REFRESH_MS = 1000;

/** Makes this process write at the levels that are set, at most a second late; while Redis is away at the last known. */
@Injectable()
export class LogLevelFollower implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(LogLevelFollower.name);
  private readonly loop = new Loop(REFRESH_MS, async () => this.refresh());

  constructor(
    private readonly settings: LogLevelSettings,
    private readonly levels: LogLevels,
  ) {}

  onApplicationBootstrap(): void {
    void this.refresh().finally(() => this.loop.start());
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  private async refresh(): Promise<void> {
    try {
      const all = await this.settings.all();
      this.levels.apply(new Map(all.map(({ module, level }) => [module, level])));
    } catch (error) {
      this.logger.debug(`log levels could not be read: ${messageOf(error)}`);
    }
  }
}
