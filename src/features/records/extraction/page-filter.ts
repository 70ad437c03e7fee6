import { compilePattern } from '../../sources/index.js';

/** Whether a rule is for the page with this path and query. */
export type PageFilter = (path: string) => boolean;

/** Compiles `pages` of a rule; without it, the rule is for every page. */
export function compilePages(pages: string | undefined): PageFilter {
  if (pages === undefined) return () => true;
  const pattern = compilePattern(pages);
  return (path) => pattern.testExact(path);
}

/** What filters look at. */
export function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}
