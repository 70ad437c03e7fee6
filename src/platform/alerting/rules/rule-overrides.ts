import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { InvalidConfigError } from '../../../core/config/index.js';
import { messageOf } from '../../../core/errors/index.js';
import { parseYaml } from '../../../core/yaml/index.js';
import { type AlertRule, MAX_WINDOW_SECONDS, SEVERITIES } from './rule.js';

const DAY_SECONDS = 86_400;
const MAX_BYTES = 1_048_576;

function seconds(min: number, max: number) {
  const expected = `expected whole seconds from ${min} to ${max}`;
  return z.int(expected).min(min, expected).max(max, expected);
}

const overrideSchema = z.strictObject({
  enabled: z.boolean('expected true or false').optional(),
  threshold: z.number('expected a number').optional(),
  severity: z.enum(SEVERITIES, `expected one of ${SEVERITIES.join(', ')}`).optional(),
  windowSeconds: seconds(30, MAX_WINDOW_SECONDS).optional(),
  forSeconds: seconds(0, DAY_SECONDS).optional(),
  coolDownSeconds: seconds(0, 7 * DAY_SECONDS).optional(),
});

/**
 * The rules as a file changes them: YAML with `rules:`, by name what is to be otherwise.
 * @throws InvalidConfigError naming every field that is wrong.
 */
export function overridden(rules: readonly AlertRule[], file: string | undefined): readonly AlertRule[] {
  if (file === undefined) return rules;
  const overrides = read(file, rules);
  return rules.flatMap((rule) => {
    const { enabled = true, ...changes } = overrides[rule.name] ?? {};
    return enabled ? [{ ...rule, ...withoutUndefined(changes) }] : [];
  });
}

type Overrides = Partial<Record<string, z.output<typeof overrideSchema>>>;

function read(file: string, rules: readonly AlertRule[]): Overrides {
  const names = rules.map(({ name }) => name);
  const schema = z.strictObject({
    rules: z.strictObject(Object.fromEntries(names.map((name) => [name, overrideSchema.optional()])), {
      error: ({ code, keys }) =>
        code === 'unrecognized_keys'
          ? `expected names of rules, got ${keys.join(', ')}; there are ${names.join(', ')}`
          : 'expected rules by their names',
    }),
  });
  let content: unknown;
  try {
    const text = readFileSync(file, 'utf8');
    if (text.length > MAX_BYTES) throw new Error(`it is longer than ${MAX_BYTES} characters`);
    content = parseYaml(text);
  } catch (error) {
    throw invalid([`${file} cannot be read: ${messageOf(error)}`]);
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data.rules;
  throw invalid(
    parsed.error.issues.map(({ path, message }) => `${file}: ${path.map(String).join('.')}: ${message}`),
  );
}

function invalid(faults: readonly string[]): InvalidConfigError {
  return new InvalidConfigError(
    faults.map((fault) => `ALERT_RULES_FILE: ${fault}`),
    'Change the file (docs/alerting.md describes it) and start again.',
  );
}

function withoutUndefined<T extends object>(changes: T): Partial<T> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Partial<T>;
}
