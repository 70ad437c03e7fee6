import type { HtmlPage } from '../../scraping/index.js';
import type { ItemRule } from '../../sources/index.js';
import type { JsonValue, RecordItem } from '../record-item.js';
import { compileField, type ReadingContext } from './field-reader.js';
import { compilePages } from './page-filter.js';
import type { Root, Selections } from './selections.js';

/** Items of one page; what comes after them is left out. */
const MAX_ITEMS = 10_000;
/** Dropped items of a rule that are told one by one. */
const MAX_TOLD = 20;

/** What one rule made of a page: for whoever writes the rule, and to notice that pages have changed. */
export interface RuleReading {
  kind: string;
  /** Whether `pages` lets it read this page at all. */
  applies: boolean;
  /** Elements that its selector found. */
  matches: number;
  kept: number;
  dropped: number;
  /** How many of the matches gave each field something. */
  filled: Record<string, number>;
  /** Why the first 20 were dropped: which match, the first being 0, and the fields that it needed and did not have. */
  missing: { match: number; fields: string[] }[];
}

/** Adds the items of the page. */
export type ItemReader = (path: string, context: ReadingContext, items: RecordItem[]) => RuleReading;

export function compileItemRule(rule: ItemRule, selections: Selections): ItemReader {
  const { kind, pages, selector, key, history, fields } = rule;
  const applies = compilePages(pages);
  const roots = compileRoots(selector, selections);
  const readers = Object.entries(fields).map(([name, field]) => ({
    name,
    read: compileField(field, selections),
    needed: field.required || key.includes(name),
  }));

  return (path, context, items) => {
    const told = emptyReading(rule, applies(path));
    if (!told.applies) return told;
    for (const root of roots(context.page)) {
      if (items.length === MAX_ITEMS) {
        context.cut++;
        break;
      }
      const data: RecordItem['data'] = {};
      const missing: string[] = [];
      for (const { name, read, needed } of readers) {
        const value = read(root, context);
        data[name] = value;
        if (!isEmpty(value)) told.filled[name] = (told.filled[name] ?? 0) + 1;
        else if (needed) missing.push(name);
      }
      const match = told.matches++;
      if (missing.length === 0) {
        told.kept++;
        const values = key.map((name) => data[name]);
        items.push({
          kind,
          key: JSON.stringify(values),
          data,
          url: context.page.url,
          ...(history && { history }),
        });
      } else {
        told.dropped++;
        if (told.missing.length < MAX_TOLD) told.missing.push({ match, fields: missing });
      }
    }
    return told;
  };
}

/** A page may have several elements that are in no other; `:root` means the whole of it, once. */
function compileRoots(selector: string, selections: Selections): (page: HtmlPage) => Root[] {
  if (selector === ':root') return (page) => [page.document];
  const selection = selections.ofPage(selector);
  return (page) => selection.all(page.document);
}

function emptyReading({ kind, fields }: ItemRule, applies: boolean): RuleReading {
  const filled = Object.fromEntries(Object.keys(fields).map((name) => [name, 0]));
  return { kind, applies, matches: 0, kept: 0, dropped: 0, filled, missing: [] };
}

const isEmpty = (value: JsonValue): boolean => value === null || (Array.isArray(value) && value.length === 0);
