import 'reflect-metadata';
import { Global, Injectable, Module } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { type Metric, register } from 'prom-client';
import { DataSource, type EntityManager } from 'typeorm';
import { migrations } from '../../src/app/migrations/index.js';
import { ConfigModule, loadConfig } from '../../src/core/config/index.js';
import { DatabaseModule } from '../../src/core/database/index.js';
import { TaskCatalogue } from '../../src/platform/queues/index.js';
import {
  type Fired,
  type ScheduledWork,
  type ScheduleDefinition,
  Schedules,
  scheduleSchema,
  SchedulingModule,
  ScheduleTarget,
  type Slot,
} from '../../src/platform/scheduling/index.js';
import { ScheduleClaims } from '../../src/platform/scheduling/schedules/schedule-claims.js';
import {
  scheduleMetricProviders,
  ScheduleMetrics,
} from '../../src/platform/scheduling/schedules/schedule-metrics.js';
import { ScheduleRunner } from '../../src/platform/scheduling/schedules/schedule-runner.js';
import { ScheduleTargets } from '../../src/platform/scheduling/schedules/schedule-targets.js';
import type { TestEnvironment } from './environment.js';

/** Of all that is about tasks, what the module of schedules declares its own to. */
@Global()
@Module({ providers: [TaskCatalogue], exports: [TaskCatalogue] })
class CatalogueModule {}

/** A target that a test leads: it keeps a row for each slot that it is asked about. */
@Injectable()
@ScheduleTarget('test.target')
class TestTarget implements ScheduledWork {
  /** What it says; by default that the slot has fired. */
  answer: (slot: Slot, manager: EntityManager) => Promise<Fired> = async () => ({ outcome: 'fired' });

  async fire(slot: Slot, manager: EntityManager): Promise<Fired> {
    await manager.query('INSERT INTO asked (payload, slot, overlap) VALUES ($1, $2, $3)', [
      slot.payload,
      slot.scheduledFor,
      slot.overlap,
    ]);
    return this.answer(slot, manager);
  }
}

/** The table of what TestTarget has been asked; of what is rolled back it keeps nothing. */
export const ASKED = 'CREATE TABLE asked (at serial, payload jsonb, slot timestamptz(3), overlap text)';

/** The slots that TestTarget has been asked about, in order. */
export async function askedSlots(environment: TestEnvironment): Promise<Date[]> {
  const rows = await environment.query<{ slot: Date }>('SELECT slot FROM asked ORDER BY at');
  return rows.map(({ slot }) => slot);
}

/** The scheduling of one process, whose runner ticks when a test says so. */
export interface ScheduleNode {
  runner: ScheduleRunner;
  schedules: Schedules;
  dataSource: DataSource;
  target: TestTarget;
  /** A metric by one label, e.g. `fired`. */
  metric(name: string, label?: string): Promise<number>;
  close(): Promise<void>;
}

export async function startScheduleNode(env: Record<string, string>): Promise<ScheduleNode> {
  register.clear();
  @Module({
    imports: [
      ConfigModule.forRoot(loadConfig(env)),
      DatabaseModule.forRoot('scheduler', migrations),
      DiscoveryModule,
      CatalogueModule,
      SchedulingModule,
    ],
    providers: [
      ScheduleRunner,
      ScheduleClaims,
      ScheduleTargets,
      ScheduleMetrics,
      TestTarget,
      ...scheduleMetricProviders,
    ],
  })
  class ScheduleNodeModule {}
  const app = await NestFactory.createApplicationContext(ScheduleNodeModule, {
    logger: false,
    abortOnError: false,
  });
  // Typed as descriptions; they are the metrics themselves.
  const metrics = register.getMetricsAsArray() as unknown as (Metric & { name: string })[];
  return {
    runner: app.get(ScheduleRunner),
    schedules: app.get(Schedules),
    dataSource: app.get(DataSource),
    target: app.get(TestTarget),
    metric: async (name, label) => {
      const metric = await metrics.find((each) => each.name === `gleaner_schedule_${name}`)?.get();
      const values =
        metric?.values.filter(({ labels }) => !label || Object.values(labels).includes(label)) ?? [];
      return values.reduce((sum, { value }) => sum + value, 0);
    },
    close: () => app.close(),
  };
}

/** A schedule of TestTarget that fires on each full hour, except for what is said otherwise. */
export function hourly(over: Partial<ScheduleDefinition> = {}): ScheduleDefinition {
  return {
    target: 'test.target',
    payload: { id: 1 },
    ...scheduleSchema.parse({ cron: '0 * * * *' }),
    ...over,
  };
}

/** Milliseconds between two slots of it. */
export const HOUR = 3_600_000;

/** The pattern of what must not become due by itself while a test looks. */
export const YEARLY = { cron: '0 0 1 1 *' };

export const after = (time: Date | null, ms: number): Date => new Date((time?.getTime() ?? Number.NaN) + ms);
