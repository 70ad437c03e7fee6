import type { AlertSeverity } from '../../platform/alerting/index.js';
import type { Role } from '../../platform/auth/index.js';
import type { TimedKind } from '../../core/performance/index.js';
import type { Ranking, Window } from '../../platform/performance/index.js';
import type { QueueName } from '../../platform/queues/index.js';
import type { ReadingCommand } from '../../platform/workers/index.js';

/**
 * Names that help and completion tell. Asking the modules that have them would load the application, so they are said
 * once more; the compiler sees to it that none is missing, and none made up.
 */
const queues: Record<QueueName, true> = { high: true, default: true, low: true };
const roles: Record<Role, true> = { viewer: true, operator: true, admin: true };
const severities: Record<AlertSeverity, true> = { info: true, warning: true, critical: true };
const timed: Record<TimedKind, true> = { routes: true, tasks: true, queries: true };
const windows: Record<Window, true> = { '10m': true, '1h': true, '24h': true };
const rankings: Record<Ranking, true> = { p95: true, mean: true, max: true, total: true };
const readings: Record<ReadingCommand, true> = {
  ping: true,
  stats: true,
  conf: true,
  registered: true,
  active: true,
  reserved: true,
  scheduled: true,
};

export const QUEUES = Object.keys(queues) as QueueName[];
export const TIMED_KINDS = Object.keys(timed) as TimedKind[];
export const WINDOWS = Object.keys(windows) as Window[];
export const RANKINGS = Object.keys(rankings) as Ranking[];
export const ROLES = Object.keys(roles) as Role[];
export const ALERT_SEVERITIES = Object.keys(severities) as AlertSeverity[];
/** What workers are only asked. */
export const READINGS: ReadonlySet<string> = new Set(Object.keys(readings));
