import type { HtmlPage } from '../../scraping/index.js';
import { compilePattern, type Field, type Pattern } from '../../sources/index.js';
import type { JsonValue } from '../record-item.js';
import { attributeOf } from './counted-tree.js';
import { compileDateReader } from './date-value.js';
import { numberIn } from './number-value.js';
import { htmlOf, normalise, textOf } from './page-text.js';
import type { ReadingBudget } from './reading-budget.js';
import type { Root, Selections } from './selections.js';
import { webUrl } from './web-url.js';

/** Characters (UTF-16 code units) of a value; what is longer is cut. */
const MAX_CHARACTERS = 65_536;
/** Values of a list; what comes after them is left out. */
const MAX_VALUES = 1000;

/** What a value can depend on beside its element, and what is counted. */
export interface ReadingContext {
  page: HtmlPage;
  budget: ReadingBudget;
  /** Values and lists that were longer than is kept. */
  cut: number;
}

/** Reads one field of an item. Null, or for a list an empty one: there is none. */
export type FieldReader = (item: Root, context: ReadingContext) => JsonValue;

type TextReader = (element: Root, context: ReadingContext) => string | undefined;
/** @param text undefined when the element, or its attribute, is not there. */
type ValueReader = (text: string | undefined, context: ReadingContext) => JsonValue;

/** Compiles a field: whatever does not depend on the page is done here. */
export function compileField(field: Field, selections: Selections): FieldReader {
  const text = compileText(field);
  const value = compileValue(field);
  if (field.selector === undefined) return (item, context) => value(text(item, context), context);
  const selection = selections.ofItem(field.selector);
  if (!field.list) {
    return (item, context) => {
      const element = selection.first(item);
      return value(element && text(element, context), context);
    };
  }
  return (item, context) => {
    const values: JsonValue[] = [];
    for (const element of selection.all(item)) {
      const found = value(text(element, context), context);
      if (found === null) continue;
      if (values.length === MAX_VALUES) {
        context.cut++;
        break;
      }
      values.push(found);
    }
    return values;
  };
}

function compileText({ from, attribute }: Field): TextReader {
  if (attribute !== undefined) {
    // So they are called in HTML, however they are written.
    const name = attribute.toLowerCase();
    return (element, context) => {
      const text = attributeOf(element, name);
      if (text === undefined) return undefined;
      context.budget.take(text.length);
      return bounded(normalise(text), context);
    };
  }
  if (from === 'url') return (_element, { page }) => page.url;
  if (from === 'html') return (element, context) => bounded(htmlOf(element, context.budget), context);
  return (element, context) => bounded(textOf(element, context.budget), context);
}

function compileValue({ regex, map, type, decimal = '.', format }: Field): ValueReader {
  const cut = regex === undefined ? (text: string) => text : compileCut(compilePattern(regex));
  if (map !== undefined) {
    const values = new Map(Object.entries(map));
    return (text, context) => (text === undefined ? null : (values.get(cut(text, context) ?? '') ?? null));
  }
  if (type === 'boolean') return (text, context) => text !== undefined && cut(text, context) !== undefined;
  const convert = compileConversion(type, decimal, format);
  return (text, context) => {
    const found = text === undefined ? undefined : cut(text, context);
    return found === undefined || found === '' ? null : convert(found, context);
  };
}

function compileConversion(
  type: Field['type'],
  decimal: NonNullable<Field['decimal']>,
  format: Field['format'],
): (text: string, context: ReadingContext) => JsonValue {
  if (type === 'number') return (text) => numberIn(text, decimal);
  if (type === 'date') return compileDateReader(format);
  if (type === 'url') return (text, { page }) => webUrl(text, page.baseUrl)?.href ?? null;
  return (text) => text;
}

/** The first group that takes part in the match, the whole match when there are no groups; undefined without a match. */
function compileCut(pattern: Pattern): (text: string, context: ReadingContext) => string | undefined {
  const groups = pattern.groupCount();
  const size = pattern.programSize();
  return (text, { budget }) => {
    // The engine may look at each of its instructions for each character, though mostly it does not.
    budget.spend((text.length * size) / 4);
    const match = pattern.exec(text) as (string | undefined)[] | null;
    if (match === null) return undefined;
    const found = groups === 0 ? match[0] : match.slice(1).find((group) => group !== undefined);
    return (found ?? '').trim();
  };
}

/** Half of a pair of surrogates is stored by no database. */
function bounded(text: string, context: ReadingContext): string {
  if (text.length <= MAX_CHARACTERS) return text;
  context.cut++;
  const cut = text.slice(0, MAX_CHARACTERS);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}
