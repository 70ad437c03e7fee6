import type { RunStats } from '../runs/run-stats.js';
import type { Suspicion } from '../runs/run.entity.js';

/** What a run yielded, as far as drift is seen by it. */
export interface RunYield {
  readonly stats: RunStats;
  /** How many items there were of each kind, and how many of them had each field, as `kind` and `kind.field`. */
  readonly fields: Readonly<Record<string, number>>;
}

/** Below this share of what used to come something is wrong; sites shrink, but not by half from run to run. */
const FAR_UNDER = 0.5;
/** A field that used to be there less often than this tells nothing by being absent. */
const USUAL_FILL = 0.2;
/** Share of the pages that may lose their items, or be answered by something else: single pages do end. */
const FEW_PAGES = 0.1;

/**
 * Compares a run that has seen everything with those before it. Without any before, only emptiness is suspicious.
 * @param before the last runs that went to their end, suspicious ones included: a site that stays as it has become is
 *   the new baseline after some of them.
 */
export function suspicionsOf(run: RunYield, before: readonly RunYield[]): Suspicion[] {
  const { stats } = run;
  const found = [...changedPages(stats)];
  if (stats.item_scraped_count === 0) {
    found.push({ kind: 'no_items', message: 'The site answered, but no page had any item.' });
    return found;
  }
  const usual = median(before.map((each) => each.stats.item_scraped_count));
  if (usual !== undefined && stats.item_scraped_count < usual * FAR_UNDER) {
    const message = `${stats.item_scraped_count} items were found, far fewer than the usual ${usual}.`;
    found.push({ kind: 'few_items', message });
  }
  return [...found, ...emptiedFields(run, before)];
}

function* changedPages(stats: RunStats): Iterable<Suspicion> {
  const pages = stats['downloader/response_count'];
  const emptied = stats['page/emptied'];
  const blocked = stats['page/blocked'];
  if (emptied > pages * FEW_PAGES) {
    yield {
      kind: 'emptied_pages',
      message: `${emptied} of ${pages} pages that used to have items have none.`,
    };
  }
  if (blocked > (pages + blocked) * FEW_PAGES) {
    yield {
      kind: 'blocked_pages',
      message: `${blocked} pages were answered by something that is not the site.`,
    };
  }
}

function* emptiedFields(run: RunYield, before: readonly RunYield[]): Iterable<Suspicion> {
  const names = new Set(before.flatMap(({ fields }) => Object.keys(fields)));
  for (const name of names) {
    if (!name.includes('.')) {
      yield* missingKind(name, run, before);
      continue;
    }
    const now = fill(run, name);
    const usual = median(before.map((each) => fill(each, name)).filter((share) => share !== undefined));
    if (now === undefined || usual === undefined || usual < USUAL_FILL || now >= usual * FAR_UNDER) continue;
    const [is, was] = [now, usual].map((share) => `${Math.round(share * 100)} %`);
    yield { kind: 'emptied_field', message: `${name} has a value in ${is} of the items, usually in ${was}.` };
  }
}

function* missingKind(kind: string, run: RunYield, before: readonly RunYield[]): Iterable<Suspicion> {
  const now = run.fields[kind] ?? 0;
  const usual = median(before.map(({ fields }) => fields[kind] ?? 0)) ?? 0;
  if (now >= usual * FAR_UNDER) return;
  yield { kind: 'few_items', message: `${now} items of the kind "${kind}" were found, usually ${usual}.` };
}

/** The share of the items of its kind that have the field; `undefined` for a kind that the run did not meet. */
function fill({ fields }: RunYield, name: string): number | undefined {
  const [kind = ''] = name.split('.', 1);
  const items = fields[kind];
  return items ? (fields[name] ?? 0) / items : undefined;
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : mean(sorted[middle - 1], sorted[middle]);
}

const mean = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : (a + b) / 2;
