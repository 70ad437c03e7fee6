import type { CrawlLimits } from '../../sources/index.js';
import type { RunStats } from './run-stats.js';
import type { FinishReason, PageFailure, RunStatus, Suspicion } from './run.entity.js';

/** How a run ends. */
export interface Ending {
  readonly status: RunStatus;
  readonly finishReason: FinishReason;
  readonly suspicions: readonly Suspicion[];
  readonly error: string | null;
}

export const CANCELLED: Ending = {
  status: 'cancelled',
  finishReason: 'cancelled',
  suspicions: [],
  error: null,
};

/** Why a run with these counts does not go on; `undefined` when it does. */
export function reasonToStop(
  openRequests: number,
  stats: RunStats,
  limits: CrawlLimits,
): FinishReason | undefined {
  if (openRequests === 0) return 'finished';
  if (stats['downloader/response_count'] >= limits.maxPages) return 'closespider_pagecount';
  if (limits.maxItems !== null && stats.item_scraped_count >= limits.maxItems) return 'closespider_itemcount';
  if (limits.maxErrors !== null && stats['retry/max_reached'] >= limits.maxErrors)
    return 'closespider_errorcount';
  return undefined;
}

/** Pages that something answered, be it the site or what stands before it. */
export const pagesSeen = (stats: RunStats): number =>
  stats['downloader/response_count'] + stats['page/blocked'];

/**
 * What a run that stops has come to. Whoever set a limit wanted the run to end there, so that is success, but for
 * errors. A run that looks wrong has failed, so that nobody takes it for a good one.
 */
export function endingOf(
  reason: FinishReason,
  stats: RunStats,
  failures: readonly PageFailure[],
  suspicions: readonly Suspicion[],
): Ending {
  if (pagesSeen(stats) === 0 && reason !== 'circuit_open') {
    const last = failures.at(-1);
    const error = last ? `No page could be fetched: ${last.message}` : 'There was no page to fetch.';
    return { status: 'failed', finishReason: 'error', suspicions: [], error };
  }
  if (reason === 'closespider_errorcount' || reason === 'circuit_open') {
    return { status: 'failed', finishReason: reason, suspicions, error: null };
  }
  if (suspicions.length > 0) {
    const error = suspicions.map((suspicion) => suspicion.message).join(' ');
    return { status: 'failed', finishReason: 'suspicious', suspicions, error };
  }
  return { status: 'succeeded', finishReason: reason, suspicions, error: null };
}
