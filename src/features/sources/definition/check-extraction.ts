import { messageOf } from '../../../core/errors/index.js';
import { selectorFault } from './css-selector.js';
import { compileDateFormat } from './date-format.js';
import type { Field, FollowRule, ItemRule } from './item-rule.js';
import { tryPattern } from './pattern.js';

/** More faults than anybody is told at once. */
const MAX_FAULTS = 20;
/** Instructions of all regular expressions of a declaration: what checking them takes is bounded by this. */
const MAX_PATTERN_SIZE = 20_000;

type Path = readonly (string | number)[];

export interface Fault {
  path: Path;
  /** What was expected. */
  message: string;
}

/** What is wrong with a declaration whose parts have the right shape each; at most 20 faults. */
export function checkExtraction(items: readonly ItemRule[], follow: readonly FollowRule[]): Fault[] {
  const check = new Check();
  const kinds = new Set<string>();
  for (const [index, rule] of items.entries()) {
    const path = ['items', index];
    if (kinds.has(rule.kind)) check.fault([...path, 'kind'], 'expected kinds that differ');
    kinds.add(rule.kind);
    checkItemRule(check, rule, path);
  }
  for (const [index, { selector, pages }] of follow.entries()) {
    check.selector(['follow', index, 'selector'], selector);
    check.pattern(['follow', index, 'pages'], pages);
  }
  return check.faults;
}

function checkItemRule(check: Check, { selector, pages, key, fields }: ItemRule, path: Path): void {
  check.selector([...path, 'selector'], selector);
  check.pattern([...path, 'pages'], pages);
  for (const [index, name] of key.entries()) {
    const at = [...path, 'key', index];
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field) check.fault(at, `expected one of the fields ${Object.keys(fields).join(', ').slice(0, 200)}`);
    else if (field.list) check.fault(at, 'expected a field that is no list');
    if (key.indexOf(name) < index) check.fault(at, 'expected fields that differ');
  }
  for (const [name, field] of Object.entries(fields)) checkField(check, field, [...path, 'fields', name]);
}

function checkField(check: Check, field: Field, path: Path): void {
  check.selector([...path, 'selector'], field.selector);
  check.pattern([...path, 'regex'], field.regex);
  for (const { path: member, message } of contradictions(field)) check.fault([...path, ...member], message);
  if (field.format === undefined) return;
  try {
    compileDateFormat(field.format);
  } catch (error) {
    check.fault([...path, 'format'], `expected a format in the tokens of luxon (${messageOf(error)})`);
  }
}

/** Members that make no sense beside each other. */
function* contradictions(field: Field): Iterable<Fault> {
  const { selector, from, attribute, map, type, decimal, format, list } = field;
  if (from === 'attribute' && attribute === undefined)
    yield { path: ['attribute'], message: 'expected the name of an attribute beside from: attribute' };
  if (attribute !== undefined && from !== undefined && from !== 'attribute')
    yield { path: ['from'], message: 'expected attribute, or nothing, beside the name of an attribute' };
  if (from === 'url' && selector !== undefined)
    yield { path: ['selector'], message: 'expected no selector beside from: url, which is that of the page' };
  if (list && selector === undefined)
    yield { path: ['selector'], message: 'expected a selector beside list: true' };
  if (list && type === 'boolean' && map === undefined)
    yield {
      path: ['list'],
      message: 'expected false beside type: boolean, which tells whether there is one',
    };
  if (decimal !== undefined && (type !== 'number' || map !== undefined))
    yield { path: ['decimal'], message: 'expected it only beside type: number, without map' };
  if (format !== undefined && type !== 'date')
    yield { path: ['format'], message: 'expected it only beside type: date' };
  if (map !== undefined) yield* mapContradictions(map, type);
}

function* mapContradictions(map: NonNullable<Field['map']>, type: Field['type']): Iterable<Fault> {
  if (type === 'date' || type === 'url') {
    yield { path: ['map'], message: `expected none beside type: ${type}` };
    return;
  }
  // A map says itself what values are, so `string`, which nobody needs to write, promises nothing.
  if (type === 'string') return;
  for (const [name, value] of Object.entries(map)) {
    if (value !== null && typeof value !== type)
      yield { path: ['map', name], message: `expected a ${type} or null beside type: ${type}` };
  }
}

class Check {
  readonly faults: Fault[] = [];
  private patternSize = 0;

  fault(path: Path, message: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push({ path, message });
  }

  selector(path: Path, selector: string | undefined): void {
    if (selector === undefined || this.faults.length >= MAX_FAULTS) return;
    const reason = selectorFault(selector);
    if (reason !== undefined) this.fault(path, `expected a CSS selector (${reason})`);
  }

  pattern(path: Path, text: string | undefined): void {
    if (text === undefined || this.patternSize > MAX_PATTERN_SIZE || this.faults.length >= MAX_FAULTS) return;
    const pattern = tryPattern(text);
    if ('fault' in pattern) {
      this.fault(path, `expected a regular expression of RE2 (${pattern.fault})`);
      return;
    }
    this.patternSize += pattern.compiled.programSize();
    if (this.patternSize > MAX_PATTERN_SIZE)
      this.fault(path, 'expected regular expressions that are smaller, this one with those before it');
  }
}
