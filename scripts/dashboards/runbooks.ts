/** The alerts that panels are about; each has a page in docs/runbooks, which a test looks for. */
export type Alert =
  | 'AlertingStale'
  | 'BeatStale'
  | 'CacheHitRatioLow'
  | 'DeadLettersPresent'
  | 'ErrorBurst'
  | 'EventLoopBlocked'
  | 'GleanerDown'
  | 'HistoryLosing'
  | 'HostsUnreachable'
  | 'MemoryHigh'
  | 'MetricsStale'
  | 'NotificationsFailing'
  | 'QueueBacklogHigh'
  | 'QueueStuck'
  | 'RedisUnavailable'
  | 'RequestLatencyHigh'
  | 'RunSuspicious'
  | 'ServerErrorRateHigh'
  | 'SourceStale'
  | 'TaskFailureRateHigh'
  | 'TaskRetryRateHigh'
  | 'TasksPending'
  | 'WorkerLost'
  | 'WorkersBelowExpected';

/** `QueueStuck` has its page in `queue-stuck.md`. */
export function pageOf(alert: string): string {
  return `${alert.replaceAll(/(?<!^)(?=[A-Z])/g, '-').toLowerCase()}.md`;
}
