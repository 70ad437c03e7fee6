import { type DynamicModule, Module } from '@nestjs/common';
import { PerformanceModule } from '../performance/index.js';
import { CommandHandler } from './commands/command-handler.js';
import { CommandListener } from './commands/command-listener.js';
import { ProfileTaking } from './commands/profile-taking.js';
import { ScheduledTasks } from './commands/scheduled-tasks.js';
import { Shutdown, SignalShutdown } from './commands/shutdown.js';
import { Heartbeat } from './registry/heartbeat.js';
import { ProcessVitals } from './registry/process-vitals.js';
import { WORKER_MODE, WorkerReport } from './registry/worker-report.js';
import { FreshPing, ImmediateExit, ProcessExit, RedisPing, Watchdog } from './watchdog.js';
import { HeartbeatMetrics, WorkerGauges, workerMetricProviders } from './workers.metrics.js';
import { WorkersModule } from './workers.module.js';

/** Being seen and commanded, for the modes that work. Needs the ControllableWorker of the process. */
@Module({})
export class WorkersWorkerModule {
  /** @param mode of this process, as the registry tells it. */
  static forRoot(mode: string): DynamicModule {
    return {
      module: WorkersWorkerModule,
      imports: [PerformanceModule, WorkersModule],
      providers: [
        { provide: WORKER_MODE, useValue: mode },
        ProcessVitals,
        WorkerReport,
        HeartbeatMetrics,
        WorkerGauges,
        ...workerMetricProviders,
        Heartbeat,
        ScheduledTasks,
        { provide: Shutdown, useClass: SignalShutdown },
        ProfileTaking,
        CommandHandler,
        CommandListener,
        { provide: FreshPing, useClass: RedisPing },
        { provide: ProcessExit, useClass: ImmediateExit },
        Watchdog,
      ],
    };
  }
}
