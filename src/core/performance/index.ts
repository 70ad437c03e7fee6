export { currentWorkUnit, type WorkUnit } from './work-unit.js';
export { WorkUnits } from './work-units.js';
export { WorkUnitsModule } from './work-units.module.js';
