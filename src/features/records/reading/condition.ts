/** What a record has to meet: a field compared with a value, or merely there or not. */
export type Condition =
  | { field: string; operator: 'exists' | 'missing' }
  | { field: string; operator: Comparison; value: ConditionValue };

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=' | '~';

interface ConditionValue {
  text: string;
  /** What else the text can mean; nothing, when it was quoted. */
  typed: number | boolean | undefined;
}

/** What is wrong with the text of a condition, and where. */
export class ConditionFault {
  constructor(
    readonly expected: string,
    /** Characters before it. */
    readonly position: number,
    readonly found: string,
  ) {}

  get message(): string {
    const found = this.found === '' ? 'the end' : `"${this.found.slice(0, 20)}"`;
    return `expected ${this.expected} at character ${this.position + 1}, where ${found} is`;
  }
}

const SPACE = / */y;
const FIELD = /[\p{L}_][\p{L}\p{N}_.-]{0,99}/uy;
const OPERATOR = /<=|>=|!=|[=<>~]|exists(?![\p{L}\p{N}_])|missing(?![\p{L}\p{N}_])/uy;
const QUOTED = /"((?:[^"\\]|\\["\\])*)"/y;
/** As JSON writes it. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Reads `field op value`, `field exists` or `field missing`. The value is what stands behind the operator; in quotation
 * marks it is text only, with \" and \\ for these two characters.
 */
export function parseCondition(input: string): Condition | ConditionFault {
  let position = 0;
  const take = (token: RegExp): RegExpExecArray | undefined => {
    token.lastIndex = position;
    const match = token.exec(input);
    if (match) position = token.lastIndex;
    return match ?? undefined;
  };
  const fault = (expected: string): ConditionFault =>
    new ConditionFault(expected, position, input.slice(position));

  take(SPACE);
  const field = take(FIELD)?.[0];
  if (field === undefined) return fault('the name of a field');
  take(SPACE);
  const operator = take(OPERATOR)?.[0] as Condition['operator'] | undefined;
  if (operator === undefined) return fault('one of = != < <= > >= ~ exists missing');
  take(SPACE);
  if (operator === 'exists' || operator === 'missing')
    return position < input.length ? fault('the end') : { field, operator };

  if (input[position] !== '"') {
    const text = input.slice(position).trimEnd();
    return text === '' || /^[=!<>~]/.test(text)
      ? fault('a value (in quotation marks, if it begins with = ! < > or ~)')
      : { field, operator, value: { text, typed: typedOf(text) } };
  }
  const quoted = take(QUOTED)?.[1];
  if (quoted === undefined) return fault('a text in quotation marks, with \\" and \\\\ inside');
  take(SPACE);
  if (position < input.length) return fault('the end');
  return { field, operator, value: { text: quoted.replaceAll(/\\(.)/g, '$1'), typed: undefined } };
}

function typedOf(text: string): number | boolean | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  if (!NUMBER.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}
