import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { messageOf } from '../../../core/errors/index.js';
import { Loop } from '../../../core/loop/index.js';
import { processId } from '../../../core/process/index.js';
import { sampledParts } from '../rules/measure.js';
import { Rules } from '../rules/rules.js';
import { fieldOf, type Sample, samplesOf, valuesOf } from './process-samples.js';
import { BUCKET_SECONDS, WindowStore } from './window-store.js';

const EVERY_MS = (BUCKET_SECONDS * 1000) / 3;

/**
 * Tells the other processes, every five seconds and at the end, what the metrics that rules look at have grown by in
 * this one. While Redis is away it grows on, and is told when Redis is back. Of what Redis took without saying so, a part
 * counts twice: these numbers are for alerts, and not for bills.
 */
@Injectable()
export class Sampler implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Sampler.name);
  private readonly counted: ReadonlyMap<string, () => Promise<Sample[]>>;
  private readonly gauges: ReadonlySet<string>;
  /** What was told of each counter. */
  private told = new Map<string, number>();
  private readonly loop = new Loop(EVERY_MS, async () => this.runOnce());
  private isFailing = false;

  constructor(
    rules: Rules,
    private readonly store: WindowStore,
  ) {
    const counted = new Map<string, () => Promise<Sample[]>>();
    const gauges = new Set<string>();
    for (const { measure, by } of rules.all) {
      for (const part of sampledParts(measure)) {
        if (part.kind === 'process') gauges.add(part.metric);
        else counted.set(JSON.stringify([part, by]), async () => samplesOf(part, by));
      }
    }
    this.counted = counted;
    this.gauges = gauges;
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  /** While Redis can still be told: what a process did last is often why it ends. */
  async onModuleDestroy(): Promise<void> {
    await this.loop.stop();
    await this.runOnce();
  }

  async runOnce(): Promise<void> {
    try {
      const now = await this.count();
      const grown = [...now].flatMap(([field, value]) => {
        const more = value - (this.told.get(field) ?? 0);
        return more > 0 ? { field, value: more } : [];
      });
      await this.store.add(grown, await this.measure());
      this.told = now;
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) this.logger.warn(`alerting does not learn what happens: ${messageOf(error)}`);
      this.isFailing = true;
    }
  }

  private async count(): Promise<Map<string, number>> {
    const samples = await Promise.all([...this.counted.values()].map(async (read) => read()));
    return new Map(samples.flat().map(({ field, value }) => [field, value]));
  }

  private async measure(): Promise<Sample[]> {
    const read = [...this.gauges].map(async (metric) => {
      const values = await valuesOf(metric);
      const field = fieldOf({ kind: 'process', metric }, { instance: processId });
      return values.map(({ value }) => ({ field, value }));
    });
    return (await Promise.all(read)).flat();
  }
}
