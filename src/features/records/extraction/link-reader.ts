import type { FollowRule } from '../../sources/index.js';
import { attributeOf } from './counted-tree.js';
import type { ReadingContext } from './field-reader.js';
import { compilePages } from './page-filter.js';
import type { Selections } from './selections.js';
import { webUrl } from './web-url.js';

/** Links of one page; what comes after them is left out. */
const MAX_LINKS = 10_000;

/** Adds the links of the page that a rule follows: absolute, and without fragments, which servers do not see. */
export type LinkReader = (path: string, context: ReadingContext, found: Set<string>) => void;

export function compileFollowRule(
  { selector, attribute, pages }: FollowRule,
  selections: Selections,
): LinkReader {
  const applies = compilePages(pages);
  const selection = selections.ofPage(selector);
  const name = attribute.toLowerCase();
  return (path, context, found) => {
    if (!applies(path)) return;
    for (const element of selection.all(context.page.document)) {
      const href = attributeOf(element, name);
      const url = href === undefined ? null : webUrl(href, context.page.baseUrl);
      if (url === null) continue;
      url.hash = '';
      if (found.size === MAX_LINKS && !found.has(url.href)) {
        context.cut++;
        return;
      }
      found.add(url.href);
    }
  };
}
