import type { DashboardSpec } from './dashboard.ts';
import { inRange, max, of, perSecond, quantile, quantiles, sum, topk } from './promql.ts';

const HTTP = 'gleaner_http_request_duration_seconds';
const READS = 'gleaner_cache_requests_total';
const FETCHED = 'gleaner_cache_fetch_duration_seconds';
const CACHE = 'cache=~"$cache"';

export const apiAndCache: DashboardSpec = {
  name: 'api-and-cache',
  title: 'API and cache',
  description: 'How requests are answered, who is turned away, and what the cache saves.',
  variables: [{ label: 'cache', metric: READS }],
  rows: {
    Requests: [
      {
        kind: 'series',
        title: 'Requests by status',
        description: 'Requests a second, by class of their status.',
        unit: 'reqps',
        queries: { '{{status}}': perSecond(`${HTTP}_count`, ['status']) },
        alerts: ['ServerErrorRateHigh'],
      },
      {
        kind: 'series',
        title: 'Part that failed',
        description: 'Part of the requests that were answered 5xx, and of those refused with 4xx.',
        unit: 'percentunit',
        queries: {
          '5xx': `(${perSecond(`${HTTP}_count`, [], 'status="5xx"')} or vector(0)) / ${perSecond(`${HTTP}_count`)}`,
          '4xx': `(${perSecond(`${HTTP}_count`, [], 'status="4xx"')} or vector(0)) / ${perSecond(`${HTTP}_count`)}`,
        },
        thresholds: { critical: 0.01 },
        alerts: ['ServerErrorRateHigh'],
      },
      {
        kind: 'series',
        title: 'Time of requests',
        description: 'Seconds from a request to the end of its answer, of all routes.',
        unit: 's',
        queries: quantiles(HTTP),
        thresholds: { critical: 1 },
        alerts: ['RequestLatencyHigh'],
      },
      {
        kind: 'series',
        title: 'Slowest routes',
        description: 'The p95 of the ten routes in which it is highest.',
        unit: 's',
        queries: { '{{method}} {{route}}': topk(10, quantile(0.95, HTTP, ['method', 'route'])) },
        alerts: ['RequestLatencyHigh'],
      },
      {
        kind: 'series',
        title: 'Most asked routes',
        description: 'The ten routes that are asked most, in requests a second.',
        unit: 'reqps',
        queries: { '{{method}} {{route}}': topk(10, perSecond(`${HTTP}_count`, ['method', 'route'])) },
      },
      {
        kind: 'table',
        title: 'Routes that fail',
        description: 'Requests answered 5xx in the time shown, by route. A first failure is not counted.',
        unit: 'short',
        queries: { '5xx': inRange(`${HTTP}_count`, ['method', 'route'], 'status="5xx"') },
        mayBeEmpty: 'there is a series from the first failure on',
        alerts: ['ServerErrorRateHigh'],
      },
    ],
    'Throttle and keys': [
      {
        kind: 'series',
        title: 'Decisions of the throttle',
        description: 'Requests a second, by the limit that they count against, and what it said.',
        unit: 'reqps',
        queries: {
          '{{limit}} {{result}}': perSecond('gleaner_throttle_decisions_total', ['limit', 'result']),
        },
      },
      {
        kind: 'series',
        title: 'Time of a decision',
        description: 'Seconds that the first request of a batch waited for the decision of Redis.',
        unit: 's',
        queries: quantiles('gleaner_throttle_decision_duration_seconds'),
      },
      {
        kind: 'series',
        title: 'Throttle without Redis',
        description:
          'Processes that limit requests by themselves because Redis is away, and what they decided a second.',
        unit: 'short',
        queries: {
          processes: sum(of('gleaner_throttle_fallback')),
          'decisions a second': perSecond('gleaner_throttle_local_decisions_total'),
        },
        thresholds: { critical: 1 },
        alerts: ['RedisUnavailable'],
      },
      {
        kind: 'series',
        title: 'Keys that open nothing',
        description:
          'Presented keys a second that opened nothing, by reason; and failed attempts not in the audit.',
        unit: 'cps',
        queries: {
          '{{reason}}': perSecond('gleaner_auth_failures_total', ['reason']),
          'not in the audit': perSecond('gleaner_audit_entries_dropped_total'),
        },
      },
      {
        kind: 'series',
        title: 'Exports',
        description: 'Exports of records a second, by how they ended.',
        unit: 'cps',
        queries: { '{{outcome}}': perSecond('gleaner_record_exports_total', ['outcome']) },
      },
      {
        kind: 'series',
        title: 'Records exported',
        description: 'Records a second that exports have read to send them.',
        unit: 'cps',
        queries: { records: perSecond('gleaner_record_exports_records_total') },
      },
    ],
    Cache: [
      {
        kind: 'series',
        title: 'Hit ratio',
        description: 'Part of the reads that needed no fetch of their own.',
        unit: 'percentunit',
        queries: {
          '{{cache}}': `1 - ${perSecond(READS, ['cache'], CACHE, 'result="miss"')} / ${perSecond(READS, ['cache'], CACHE)}`,
        },
        thresholds: { warning: 0.9, critical: 0.8, below: true },
        alerts: ['CacheHitRatioLow'],
      },
      {
        kind: 'series',
        title: 'Reads by tier',
        description:
          'Reads a second, by the tier that had what was asked for: none of them for those fetched.',
        unit: 'reqps',
        queries: { '{{tier}}': perSecond(READS, ['tier'], CACHE) },
      },
      {
        kind: 'series',
        title: 'Reads by result',
        description: 'Reads a second, by what came of them.',
        unit: 'reqps',
        queries: { '{{result}}': perSecond(READS, ['result'], CACHE) },
        alerts: ['CacheHitRatioLow'],
      },
      {
        kind: 'series',
        title: 'Time of fetches',
        description: 'Seconds that it took to fetch what no tier had.',
        unit: 's',
        queries: quantiles(FETCHED, ['cache'], CACHE),
      },
      {
        kind: 'series',
        title: 'Size',
        description: 'Bytes in the memory of each process, and in Redis.',
        unit: 'bytes',
        queries: {
          'memory, {{instance}}': sum(of('gleaner_cache_memory_bytes'), ['instance']),
          Redis: max(of('gleaner_cache_redis_bytes')),
        },
      },
      {
        kind: 'series',
        title: 'Entries in memory',
        description: 'Entries in the memory of each process.',
        unit: 'short',
        queries: { '{{instance}}': sum(of('gleaner_cache_memory_entries'), ['instance']) },
      },
      {
        kind: 'series',
        title: 'Put out early',
        description:
          'Entries a second that had to leave early because there was no room, and reads too large to cache.',
        unit: 'cps',
        queries: {
          'of memory': perSecond('gleaner_cache_memory_evictions_total'),
          'of Redis': perSecond('gleaner_cache_redis_evictions_total'),
          'too large': perSecond('gleaner_cache_too_large_total'),
        },
        alerts: ['CacheHitRatioLow'],
      },
      {
        kind: 'series',
        title: 'Trouble with Redis',
        description:
          'Commands a second that failed, were not sent because the last ones had failed, or read what was spoilt; and processes whose reads do not ask Redis.',
        unit: 'cps',
        queries: {
          failed: perSecond('gleaner_cache_redis_errors_total'),
          'not sent': perSecond('gleaner_cache_redis_skipped_total'),
          spoilt: perSecond('gleaner_cache_redis_corrupt_total'),
          'processes that do not ask': sum(of('gleaner_cache_circuit_open')),
        },
        alerts: ['RedisUnavailable'],
      },
      {
        kind: 'series',
        title: 'Changes',
        description:
          'Times a second that processes said that something has changed, and that Redis did not hear of it at once.',
        unit: 'cps',
        queries: {
          changes: perSecond('gleaner_cache_invalidations_total'),
          'told again': perSecond('gleaner_cache_invalidation_retries_total'),
        },
      },
    ],
  },
};
