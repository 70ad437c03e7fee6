export { Periodic, type PeriodicWork } from './periodic.js';
export { SchedulingRunnerModule } from './scheduling.runner.module.js';
