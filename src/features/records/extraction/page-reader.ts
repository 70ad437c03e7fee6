import type { HtmlPage } from '../../scraping/index.js';
import type { Extraction } from '../../sources/index.js';
import type { RecordItem } from '../record-item.js';
import type { ReadingContext } from './field-reader.js';
import { compileItemRule, type RuleReading } from './item-reader.js';
import { compileFollowRule } from './link-reader.js';
import { pathOf } from './page-filter.js';
import { ReadingBudget } from './reading-budget.js';
import { Selections } from './selections.js';

/** What a page gave. */
export interface PageReading {
  items: RecordItem[];
  /** Absolute, without fragments, each once, in the order of the rules and the page. */
  links: string[];
  /** Items that had nothing in a field which is required or part of the key. */
  dropped: number;
  /** What was longer than is kept: values, lists of values, the lists of items and of links. */
  cut: number;
  /** In the order of the declaration. */
  rules: RuleReading[];
}

/** Reads pages as a declaration says. */
export interface PageReader {
  /** @throws PageTooCostlyError when the page would keep the process busy for seconds. */
  read(page: HtmlPage): PageReading;
}

/**
 * Compiles the extraction of a source: selectors, expressions and formats once, for all pages.
 * @throws Error for those that are none, which `extractionSchema` refuses.
 */
export function compileExtraction({ items: itemRules, follow }: Extraction): PageReader {
  const budget = new ReadingBudget();
  const selections = new Selections(budget);
  const itemReaders = itemRules.map((rule) => compileItemRule(rule, selections));
  const linkReaders = follow.map((rule) => compileFollowRule(rule, selections));
  return {
    read: (page) => {
      budget.begin(page.url);
      const context: ReadingContext = { page, budget, cut: 0 };
      const path = pathOf(page.url);
      const items: RecordItem[] = [];
      const links = new Set<string>();
      const rules = itemReaders.map((read) => read(path, context, items));
      for (const read of linkReaders) read(path, context, links);
      const dropped = rules.reduce((sum, rule) => sum + rule.dropped, 0);
      return { items, links: [...links], dropped, cut: context.cut, rules };
    },
  };
}
