import type { StandardSchemaV1 } from '@standard-schema/spec';
import { isSecretName, shownText } from '../redaction/index.js';
import { GleanerError } from './gleaner-error.js';

export interface InvalidField {
  /** Where the fault is, e.g. `limit` or `items.0.name`. */
  field: string;
  /** What was expected and what came. */
  message: string;
}

/** What the caller sent does not fit; `errors` in the problem document names each field. */
export class InvalidInputError extends GleanerError {
  readonly code = 'invalid_input';
  readonly title = 'Invalid input';
  override readonly severity = 'info';
  override readonly httpStatus = 400;
  override readonly extensions: { errors: InvalidField[] };

  constructor(errors: InvalidField[]) {
    super(errors.map(({ field, message }) => `${field}: ${message}`).join('; '));
    this.extensions = { errors };
  }

  /**
   * From the issues that a schema found in `input`; `whole` names the input itself, for issues without a path.
   * At most 20 are told, for a hostile input can have a fault in every element.
   */
  static fromIssues(
    issues: readonly StandardSchemaV1.Issue[],
    input: unknown,
    whole: string,
  ): InvalidInputError {
    const fields = issues.slice(0, 20).flatMap((issue) => fieldsOf(issue, input, whole));
    return new InvalidInputError(fields.slice(0, 20));
  }
}

function fieldsOf(issue: StandardSchemaV1.Issue, input: unknown, whole: string): InvalidField[] {
  const path = (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part));
  // zod reports unknown members at their parent; the caller looks for the name of the member.
  if ('code' in issue && issue.code === 'unrecognized_keys' && 'keys' in issue && Array.isArray(issue.keys)) {
    return issue.keys.slice(0, 20).map((key) => ({
      field: [...path, key].map(shown).join('.'),
      message: 'is not known here; remove it',
    }));
  }
  const received = path.reduce<unknown>(
    // A schema may have made a list of a single text: then the text is what came, not its first character.
    (value, key) =>
      typeof value === 'string' ? value : (value as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  );
  return [
    {
      field: path.map(shown).join('.') || whole,
      message: `${issue.message}, got ${gotten(path, received)}`,
    },
  ];
}

const shown = (key: unknown): string => String(key).slice(0, 100);

/** The answer goes to whoever sent it, and also into logs and histories: a secret is not repeated. */
function gotten(path: readonly PropertyKey[], received: unknown): string {
  if (received === undefined) return 'nothing';
  if (path.some((part) => isSecretName(String(part)))) return 'a value not shown here';
  return excerpt(received);
}

function excerpt(value: unknown): string {
  const json = shownText(jsonOf(value), Infinity);
  return json.length > 80 ? `${json.slice(0, 80)}… (${json.length} characters)` : json;
}

function jsonOf(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  try {
    return (
      JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ??
      String(value)
    );
  } catch {
    return 'a value that is no JSON'; // A circle, or a toJSON that throws.
  }
}
