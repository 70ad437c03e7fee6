export { alertingConfig } from './alerting.config.js';
export { AlertingModule } from './alerting.module.js';
export { AlertingReportingModule } from './alerting.reporting.module.js';
export { AlertingRunnerModule } from './alerting.runner.module.js';
export { type ErrorGroup, ErrorGroups } from './errors/error-groups.js';
export { AlertNotification, NOTIFICATION_STATES } from './notifying/alert-notification.entity.js';
export { TestFire } from './notifying/test-fire.js';
export { prometheusRules } from './rules/prometheus-rules.js';
export {
  type AlertRule,
  type AlertSeverity,
  MAX_WINDOW_SECONDS,
  runbookName,
  SEVERITIES,
} from './rules/rule.js';
export { Rules } from './rules/rules.js';
export { AlertSilence } from './silences/alert-silence.entity.js';
export { Silences } from './silences/silences.js';
export { Alert, ALERT_STATES, type AlertRow } from './states/alert.entity.js';
export { AlertEvaluatorLease } from './states/alert-evaluator.entity.js';
export { AlertList, type Delivery } from './states/alert-list.js';
