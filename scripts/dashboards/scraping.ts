import type { DashboardSpec } from './dashboard.ts';
import { age, inRange, of, ofInstallation, perSecond, quantiles, sum } from './promql.ts';

const SOURCE = 'source=~"$source"';
const PAGES = 'gleaner_scrape_pages_total';
const PAGES_FAILED = 'gleaner_scrape_pages_failed_total';
const ITEMS = 'gleaner_scrape_items_total';
const BYTES = 'gleaner_scrape_response_bytes_total';
const RUNS_ENDED = 'gleaner_scrape_runs_ended_total';
const LAST_SUCCESS = 'gleaner_source_last_success_timestamp_seconds';

export const scraping: DashboardSpec = {
  name: 'scraping',
  title: 'Scraping by source',
  description: 'What comes from each source, what goes wrong, and how politely it is asked for.',
  variables: [{ label: 'source', metric: LAST_SUCCESS }],
  rows: {
    Summary: [
      {
        kind: 'stat',
        title: 'Pages',
        description: 'Pages that came, or that have not changed, in the time shown.',
        unit: 'short',
        queries: { pages: inRange(PAGES, [], SOURCE) },
      },
      {
        kind: 'stat',
        title: 'Items',
        description: 'Items found and stored in the time shown.',
        unit: 'short',
        queries: { items: inRange(ITEMS, [], SOURCE) },
      },
      {
        kind: 'stat',
        title: 'Bytes',
        description: 'Bytes of these pages, unpacked.',
        unit: 'bytes',
        queries: { bytes: inRange(BYTES, [], SOURCE) },
      },
      {
        kind: 'stat',
        title: 'Pages given up',
        description: 'Of the pages asked for in the time shown, the part that was given up.',
        unit: 'percentunit',
        queries: {
          'given up': `${inRange(PAGES_FAILED, [], SOURCE)} / (${inRange(PAGES, [], SOURCE)} + ${inRange(PAGES_FAILED, [], SOURCE)})`,
        },
        thresholds: { warning: 0.01, critical: 0.05 },
      },
      {
        kind: 'stat',
        title: 'Suspicious runs',
        description:
          'Runs in the time shown that ended as suspicious: they yielded far less than those before.',
        unit: 'short',
        queries: { runs: inRange(RUNS_ENDED, [], SOURCE, 'finish_reason="suspicious"') },
        thresholds: { critical: 1 },
        alerts: ['RunSuspicious'],
      },
      {
        kind: 'stat',
        title: 'Hosts not asked',
        description:
          'Hosts whose circuit is open: they failed again and again, and are left alone for a while.',
        unit: 'short',
        queries: { hosts: ofInstallation('gleaner_politeness_breakers_open') },
        thresholds: { warning: 1 },
        alerts: ['HostsUnreachable'],
      },
    ],
    'By source': [
      {
        kind: 'table',
        title: 'Sources',
        description: 'What came from each source in the time shown.',
        unit: 'short',
        columnUnits: { bytes: 'bytes' },
        queries: {
          pages: inRange(PAGES, ['source'], SOURCE),
          items: inRange(ITEMS, ['source'], SOURCE),
          bytes: inRange(BYTES, ['source'], SOURCE),
          'given up': inRange(PAGES_FAILED, ['source'], SOURCE),
          'tried again': inRange('gleaner_scrape_requests_retried_total', ['source'], SOURCE),
        },
      },
      {
        kind: 'series',
        title: 'Age of the last success',
        description: 'Seconds since the newest run of the source that succeeded had ended.',
        unit: 's',
        queries: { '{{source}}': age(LAST_SUCCESS, ['source'], SOURCE) },
        thresholds: { warning: 86_400, critical: 172_800 },
        alerts: ['SourceStale'],
      },
      {
        kind: 'series',
        title: 'Suspicious',
        description: 'Whether the newest run of each source brought far less than those before it.',
        unit: 'bool_on_off',
        queries: {
          '{{source}}': ofInstallation('gleaner_source_last_run_suspicious', ['source'], SOURCE),
        },
        thresholds: { critical: 1 },
        alerts: ['RunSuspicious'],
      },
      {
        kind: 'series',
        title: 'Pages by source',
        description: 'Pages a second that came, or that have not changed.',
        unit: 'cps',
        queries: { '{{source}}': perSecond(PAGES, ['source'], SOURCE) },
      },
      {
        kind: 'series',
        title: 'Items by source',
        description: 'Items a second that were found and stored.',
        unit: 'cps',
        queries: { '{{source}}': perSecond(ITEMS, ['source'], SOURCE) },
        alerts: ['RunSuspicious'],
      },
      {
        kind: 'series',
        title: 'Items of a page',
        description:
          'Items for each page. It falls when a site has changed and the spider no longer finds them.',
        unit: 'short',
        queries: {
          '{{source}}': `${perSecond(ITEMS, ['source'], SOURCE)} / ${perSecond(PAGES, ['source'], SOURCE)}`,
        },
        alerts: ['RunSuspicious'],
      },
      {
        kind: 'series',
        title: 'Bytes by source',
        description: 'Bytes a second of the pages that came, unpacked.',
        unit: 'Bps',
        queries: { '{{source}}': perSecond(BYTES, ['source'], SOURCE) },
      },
      {
        kind: 'series',
        title: 'Errors by source',
        description: 'Pages given up and requests tried again, a second.',
        unit: 'cps',
        queries: {
          'given up {{source}}': perSecond(PAGES_FAILED, ['source'], SOURCE),
          'tried again {{source}}': perSecond('gleaner_scrape_requests_retried_total', ['source'], SOURCE),
        },
        alerts: ['ErrorBurst'],
      },
      {
        kind: 'series',
        title: 'Runs',
        description: 'Runs that ended in each interval, by why they ended.',
        unit: 'short',
        queries: {
          '{{finish_reason}}': sum(`increase(${of(RUNS_ENDED, SOURCE)}[$__rate_interval])`, [
            'finish_reason',
          ]),
        },
        alerts: ['RunSuspicious', 'SourceStale'],
      },
    ],
    Politeness: [
      {
        kind: 'series',
        title: 'Requests begun and turned away',
        description:
          'Requests to hosts that were allowed to start, and those turned away because their host is closed.',
        unit: 'reqps',
        queries: {
          begun: perSecond('gleaner_politeness_granted_total'),
          'turned away: {{reason}}': perSecond('gleaner_politeness_blocked_total', ['reason']),
        },
        alerts: ['HostsUnreachable'],
      },
      {
        kind: 'series',
        title: 'Wait for a turn',
        description:
          'Seconds that a request waited for its turn at its host. It is the delay that a host asks for.',
        unit: 's',
        queries: quantiles('gleaner_politeness_wait_seconds'),
      },
      {
        kind: 'series',
        title: 'Circuits',
        description:
          'Hosts whose circuit is open, and how often circuits open, are tried and close, in each interval.',
        unit: 'short',
        queries: {
          open: ofInstallation('gleaner_politeness_breakers_open'),
          'became {{state}}': sum(
            `increase(${of('gleaner_politeness_breaker_transitions_total')}[$__rate_interval])`,
            ['state'],
          ),
        },
        alerts: ['HostsUnreachable'],
      },
      {
        kind: 'series',
        title: 'Cut off by Redis',
        description:
          'Times a second that Redis stopped to answer, so that no request was started, and requests cut off because it could not be told that they go on.',
        unit: 'cps',
        queries: {
          outages: perSecond('gleaner_politeness_redis_outages_total'),
          'requests cut off': perSecond('gleaner_politeness_permits_lost_total'),
        },
      },
    ],
  },
};
