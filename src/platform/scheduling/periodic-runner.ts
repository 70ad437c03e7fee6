import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { WorkUnits } from '../../core/performance/index.js';
import { Periodic, type PeriodicOptions, type PeriodicWork } from './periodic.js';

/** Runs all periodic work of the process, each in a loop of its own, the first time at once. */
@Injectable()
export class PeriodicRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(PeriodicRunner.name);
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private stopping = false;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly units: WorkUnits,
  ) {}

  onApplicationBootstrap(): void {
    const providers = this.discovery.getProviders({ metadataKey: Periodic.KEY });
    for (const provider of providers) {
      const options = this.discovery.getMetadataByDecorator(Periodic, provider) as PeriodicOptions;
      this.start(options, provider.instance as PeriodicWork);
    }
    this.logger.log({ work: providers.map((provider) => provider.name) }, 'scheduler started');
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.all(this.running);
  }

  private start(options: PeriodicOptions, work: PeriodicWork): void {
    const execution = this.execute(options, work).finally(() => {
      this.running.delete(execution);
      if (this.stopping) return;
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        this.start(options, work);
      }, options.everyMs);
      this.timers.add(timer);
    });
    this.running.add(execution);
  }

  private async execute({ name }: PeriodicOptions, work: PeriodicWork): Promise<void> {
    try {
      await this.units.run('periodic', name, () => work.runOnce());
    } catch (error) {
      this.logger.error({ err: error, work: name }, 'periodic work failed; the next time it is tried again');
    }
  }
}
