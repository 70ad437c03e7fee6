import type { DynamicModule, Type } from '@nestjs/common';
import { QuotesHttpModule, QuotesModule, QuotesWorkerModule } from '../features/quotes/index.js';
import { RecordsHttpModule, RecordsModule, RecordsWorkerModule } from '../features/records/index.js';
import { ScrapingHttpModule, ScrapingModule, ScrapingWorkerModule } from '../features/scraping/index.js';
import { SourcesHttpModule, SourcesModule } from '../features/sources/index.js';
import { ControlHttpModule } from '../operations/control/index.js';
import { HealthHttpModule, HealthProbesModule } from '../operations/health/index.js';
import { AlertingReportingModule, AlertingRunnerModule } from '../platform/alerting/index.js';
import { AuthenticationHttpModule, AuthModule, AuthorizationHttpModule } from '../platform/auth/index.js';
import { QueuesIsolatedModule, QueuesModule, QueuesWorkerModule } from '../platform/queues/index.js';
import { HistoryModule, HistoryRunnerModule } from '../platform/history/index.js';
import { LogLevelsModule } from '../platform/log-levels/index.js';
import {
  SchedulingHttpModule,
  SchedulingModule,
  SchedulingRunnerModule,
  SchedulingWorkerModule,
} from '../platform/scheduling/index.js';
import { ThrottlingHttpModule } from '../platform/throttling/index.js';
import { WorkersModule, WorkersRunnerModule, WorkersWorkerModule } from '../platform/workers/index.js';

export type Modules = readonly (Type | DynamicModule)[];

export const MODES = ['api', 'worker', 'scheduler', 'all'] as const;
export type Mode = (typeof MODES)[number];

/** Safe in every mode. */
const services: Modules = [
  AuthModule,
  HistoryModule,
  LogLevelsModule,
  SchedulingModule,
  WorkersModule,
  SourcesModule,
  ScrapingModule,
  QuotesModule,
  RecordsModule,
];
/** The REST API. First who asks, then how often, then whether they may: guards run in the order of their modules. */
const http: Modules = [
  AuthenticationHttpModule,
  ThrottlingHttpModule,
  AuthorizationHttpModule,
  SchedulingHttpModule,
  SourcesHttpModule,
  ScrapingHttpModule,
  QuotesHttpModule,
  RecordsHttpModule,
  ControlHttpModule,
  HealthHttpModule,
];
/** Task handlers, and what takes tasks from the queues. */
const worker: Modules = [
  QueuesWorkerModule,
  SchedulingWorkerModule,
  ScrapingWorkerModule,
  QuotesWorkerModule,
  RecordsWorkerModule,
];
/** What happens by itself. */
const scheduler: Modules = [
  SchedulingRunnerModule,
  HistoryRunnerModule,
  WorkersRunnerModule,
  AlertingRunnerModule,
];
/** What every process tells of itself that lasts. */
const reporting: Modules = [HealthProbesModule, AlertingReportingModule];

/** A process that a worker starts for tasks that are isolated: nothing of it is chosen by people. */
export const ISOLATED = 'isolated';

/** What each mode loads beside the core: the one place where this is decided. */
export const modules: Readonly<Record<Mode | typeof ISOLATED, Modules>> = {
  api: [QueuesModule.forRoot('producer'), ...services, ...reporting, ...http],
  worker: [
    QueuesModule.forRoot('worker'),
    ...services,
    ...reporting,
    ...worker,
    WorkersWorkerModule.forRoot('worker'),
  ],
  scheduler: [QueuesModule.forRoot('producer'), ...services, ...reporting, ...scheduler],
  all: [
    QueuesModule.forRoot('worker'),
    ...services,
    ...reporting,
    ...http,
    ...worker,
    WorkersWorkerModule.forRoot('all'),
    ...scheduler,
  ],
  isolated: [QueuesModule.forRoot('producer'), ...services, QueuesIsolatedModule],
};
