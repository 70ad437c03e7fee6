export { HttpMetrics } from './http-metrics.js';
export { metricsConfig } from './metrics.config.js';
export { MetricsModule } from './metrics.module.js';
export { MetricsServer } from './metrics-server.js';
