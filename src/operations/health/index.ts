export { HealthHttpModule } from './health.http.module.js';
export { HealthModule } from './health.module.js';
export { HealthProbesModule } from './health-probes.module.js';
