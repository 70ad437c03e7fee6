export { percentileOf } from './duration-steps.js';
export { serverTiming } from './server-timing.js';
export { Timed } from './timed.js';
export { OTHER, TIMED_KINDS, type TimedKind, type Timing, Timings } from './timings.js';
export { addCosts, costsOf, SLOW_MS } from './work-costs.js';
export { currentWorkUnit, inWorkUnit, type WorkCosts, WorkUnit } from './work-unit.js';
export { WorkUnits } from './work-units.js';
export { WorkUnitsModule } from './work-units.module.js';
