export { PerformanceModule } from './performance.module.js';
export { PerformanceReportingModule } from './performance.reporting.module.js';
export { MAX_PROFILE_SECONDS, Profiler } from './profiling/profiler.js';
export { RANKINGS, type Ranking, type SlowItem, Slowest } from './slowest.js';
export { type Window, WINDOWS } from './timing-store.js';
