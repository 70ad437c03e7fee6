import { describe, expect, it, vi } from 'vitest';
import { DatabaseUnavailableError } from '../../../core/database/index.js';
import type { LeasedRequest } from '../frontier/frontier.js';
import { StatCounter } from '../runs/run-stats.js';
import { RunOverError } from '../runs/run.errors.js';
import type { Outcome } from './outcome.js';
import type { CrawlJob } from './page-visitor.js';
import { type CrawlPorts, RunCrawl } from './run-crawl.js';

const RUN = { id: 'run', attempt: 1 };

function requestTo(path: string): LeasedRequest {
  const url = `http://a.example/${path}`;
  return { fingerprint: path, url, host: 'a.example', callback: 'page', depth: 0, tries: 0, page: null };
}

const done = (request: LeasedRequest): Outcome => ({
  request,
  stats: new StatCounter(),
  end: { state: 'done', items: [], found: [], fields: new StatCounter(), page: undefined },
});

/** A crawl of two pages, of which everything goes well that a test does not say otherwise. */
function crawlWith(
  commit: CrawlPorts['committer']['commit'],
  progress: Partial<CrawlPorts['progress']> = {},
) {
  const claim = vi
    .fn<CrawlPorts['frontier']['claim']>()
    .mockResolvedValueOnce({ requests: [requestTo('1'), requestTo('2')] })
    .mockResolvedValue({ requests: [] });
  const ports: CrawlPorts = {
    visitor: { visit: async (_job, request) => done(request) },
    frontier: { claim, extend: async () => undefined },
    committer: { commit },
    progress: {
      expire: async () => undefined,
      postpone: async () => undefined,
      abandon: async () => undefined,
      ...progress,
    },
  };
  const job = {
    source: { politeness: { downloadDelayMs: 0, concurrentRequests: 1 } },
    urls: { remember: () => undefined },
  } as unknown as CrawlJob;
  return new RunCrawl(RUN, 'token', job, ports, 60_000);
}

describe('the part of a process in a run', () => {
  it('ends when its last batch is committed', async () => {
    const commit = vi.fn<CrawlPorts['committer']['commit']>().mockResolvedValue({ added: [], isLast: true });
    await crawlWith(commit).work();
    expect(commit).toHaveBeenCalledTimes(1);
    expect(commit.mock.calls[0]?.[1].map(({ request }) => request.fingerprint)).toEqual(['1', '2']);
  });

  it('commits the same batch again when the database was away', async () => {
    const commit = vi
      .fn<CrawlPorts['committer']['commit']>()
      .mockRejectedValueOnce(new DatabaseUnavailableError())
      .mockResolvedValue({ added: [], isLast: true });
    await crawlWith(commit).work();
    expect(commit).toHaveBeenCalledTimes(2);
    expect(commit.mock.calls[1]?.[1]).toEqual(commit.mock.calls[0]?.[1]);
  });

  it('ends without a word when the run is over', async () => {
    const abandon = vi.fn<CrawlPorts['progress']['abandon']>();
    const commit = vi.fn<CrawlPorts['committer']['commit']>().mockRejectedValue(new RunOverError('run'));
    await crawlWith(commit, { abandon }).work();
    expect(commit).toHaveBeenCalledTimes(1);
    expect(abandon).not.toHaveBeenCalled();
  });

  it('fails the run when what it found cannot be stored', async () => {
    const broken = new Error('broken');
    const abandon = vi.fn<CrawlPorts['progress']['abandon']>().mockResolvedValue(undefined);
    await crawlWith(async () => Promise.reject(broken), { abandon }).work();
    expect(abandon).toHaveBeenCalledExactlyOnceWith(RUN, broken);
  });

  it('ends in order also when that cannot be written: the process goes on', async () => {
    const abandon = async (): Promise<never> => {
      throw new DatabaseUnavailableError();
    };
    const crawl = crawlWith(async () => Promise.reject(new Error('broken')), { abandon });
    await expect(crawl.work()).resolves.toBeUndefined();
  });

  it('gives back what it has not fetched when it is told to stop', async () => {
    const commit = vi.fn<CrawlPorts['committer']['commit']>().mockResolvedValue({ added: [], isLast: false });
    const crawl = crawlWith(commit);
    crawl.stop();
    await crawl.work();
    expect(commit).not.toHaveBeenCalled();
  });
});
