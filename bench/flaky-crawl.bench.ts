import type { Server } from './support/application.ts';
import { aim, type Benchmark, type BenchmarkContext, measure, median } from './support/benchmark.ts';
import { GleanerCrawls, type Failure } from './support/crawl/gleaner-crawls.ts';
import { PAGES_A_SHARD, startShards } from './support/crawl/site.ts';

const SHARDS = 60;
const SHARE = 0.1;
const HOSTS = 6;
const CONCURRENCY = 16;
/** A crawl waits most of its time, for hosts that ask it to and for answers that never come. */
const MOST_ROUNDS = 3;
/** Nobody waits 20 seconds, as in production, for one in fifty answers. */
const HEADERS_TIMEOUT_MS = 2000;

/** Each request fails with the same chance, however often its page has failed before. */
const benchmark: Benchmark = {
  claim:
    'of a site that fails a tenth of its answers at most 0.001 of the pages are lost, and each of them is named',
  async run(context) {
    const shards = context.quick ? 3 : SHARDS;
    const gleaner = await GleanerCrawls.prepare(context, {
      SCRAPE_HEADERS_TIMEOUT_MS: String(HEADERS_TIMEOUT_MS),
    });
    const rounds = Math.min(context.rounds, MOST_ROUNDS);
    const results: Result[] = [];
    for (let round = 1; round <= rounds; round++) {
      context.say(`round ${round} of ${rounds}`);
      await using stack = new AsyncDisposableStack();
      const site = await startFlakySite({ ...context, stack }, shards, round);
      const sites = Array.from({ length: HOSTS }, (_, index) => `http://127.0.0.${index + 1}:${site.port}`);
      await gleaner.declare({ sites, shards, concurrency: CONCURRENCY });
      const { run, pages, seconds } = await gleaner.crawl(1);
      const failures = await gleaner.failuresOf(run);
      const { answers, spoilt, ...seen } = await readControl(site);
      for (const { url, code, tries } of failures)
        context.say(`lost: ${url}, ${code} after ${tries} further tries`);
      expectNamed(lostPages(seen), failures);
      const requests = run.stats['downloader/request_count'] ?? 0;
      results.push({
        lost: shards * PAGES_A_SHARD - pages,
        named: failures.length,
        retries: run.stats['retry/count'] ?? 0,
        spoilt: spoilt / requests,
        throttled: answers['429'] ?? 0,
        seconds,
      });
    }
    const of = (read: (result: Result) => number): number[] => results.map(read);
    const lost = of((result) => result.lost / (shards * PAGES_A_SHARD));
    return {
      measures: [
        measure(
          'share of the requests that were spoilt',
          '',
          of((result) => result.spoilt),
        ),
        measure(
          'pages lost',
          '',
          of((result) => result.lost),
        ),
        measure('share of the pages lost', '', lost),
        measure(
          'pages that the run names as given up',
          '',
          of((result) => result.named),
        ),
        measure(
          'retries',
          '',
          of((result) => result.retries),
        ),
        measure(
          '429 with Retry-After: 1',
          '',
          of((result) => result.throttled),
        ),
        measure(
          'time',
          's',
          of((result) => result.seconds),
        ),
      ],
      aims: [aim('share of the pages lost', median(lost), { atMost: 0.001 })],
      notes: [
        `${shards * PAGES_A_SHARD} pages at ${HOSTS} hosts, ${CONCURRENCY} requests at once at each; most pages take a redirect, which can fail, too`,
        'a fifth of the faults each: 500, 429 with Retry-After, a reset, no answer at all, half of the body; other ones in each round',
        `settings of production, but for ${HEADERS_TIMEOUT_MS} ms until the headers must have come; one worker`,
        'the pages that the run names are compared with those that the site knows it has never answered well: a difference fails the benchmark; what only a lost page leads to is lost, too, and unknown to both',
      ],
    };
  },
};

export default benchmark;

interface Result {
  /** Pages. */
  lost: number;
  named: number;
  retries: number;
  /** Share of the requests. */
  spoilt: number;
  throttled: number;
  seconds: number;
}

/** A site that has not been asked before: what fails depends on how often it was. */
async function startFlakySite(context: BenchmarkContext, shards: number, seed: number): Promise<Server> {
  const site = await startShards(context, shards, '--hosts', String(HOSTS), '--control');
  const rule = { path: '.', kind: 'flaky', share: SHARE, seed };
  const answer = await fetch(`${site.url}/__control`, { method: 'POST', body: JSON.stringify(rule) });
  if (!answer.ok) throw new Error(`the site does not take the rule: ${await answer.text()}`);
  return site;
}

/** What the site knows of its visitor. */
interface Seen {
  /** How often each path was asked for. */
  requests: Record<string, number>;
  /** Those that were never answered well. */
  unanswered: string[];
  /** How many answers were sent with each status. */
  answers: Record<string, number>;
  spoilt: number;
}

async function readControl(site: Server): Promise<Seen> {
  const answer = await fetch(`${site.url}/__control`);
  const { rules, ...seen } = (await answer.json()) as Seen & { rules: { applied: number }[] };
  return { ...seen, spoilt: rules[0]?.applied ?? 0 };
}

/** Pages, by their paths without a slash at the end: that one is redirected to the one with it. */
function lostPages({ requests, unanswered }: Pick<Seen, 'requests' | 'unanswered'>): Set<string> {
  const never = new Set(unanswered);
  // A redirect without a page behind it is a loss; a page is none, whatever became of the redirect to it.
  const had = Object.keys(requests).filter((path) => path.endsWith('/') && !never.has(path));
  const lost = new Set(unanswered.map(withoutSlash));
  for (const path of had) lost.delete(withoutSlash(path));
  return lost;
}

/** @throws Error unless the failures are exactly the pages that were lost. */
function expectNamed(lost: ReadonlySet<string>, failures: readonly Failure[]): void {
  const named = new Set(failures.map(({ url }) => withoutSlash(new URL(url).pathname)));
  const unnamed = [...lost].filter((path) => !named.has(path));
  const invented = [...named].filter((path) => !lost.has(path));
  if (unnamed.length + invented.length > 0)
    throw new Error(`lost and not named: [${unnamed.join()}]; named and not lost: [${invented.join()}]`);
}

const withoutSlash = (path: string): string => path.replace(/\/$/, '');
