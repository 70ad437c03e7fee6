import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { UnknownTargetError } from './schedule.errors.js';
import { type ScheduledWork, ScheduleTarget } from './schedule-target.js';

/** What schedules can set off in this process: every provider with `@ScheduleTarget`. */
@Injectable()
export class ScheduleTargets implements OnModuleInit {
  private readonly targets = new Map<string, ScheduledWork>();

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    for (const provider of this.discovery.getProviders({ metadataKey: ScheduleTarget.KEY })) {
      const name = this.discovery.getMetadataByDecorator(ScheduleTarget, provider) as string;
      if (this.targets.has(name)) throw new Error(`the schedule target "${name}" is declared twice`);
      this.targets.set(name, provider.instance as ScheduledWork);
    }
  }

  /** @throws UnknownTargetError */
  get(name: string): ScheduledWork {
    const target = this.targets.get(name);
    if (!target) throw new UnknownTargetError(name);
    return target;
  }
}
