import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import { GleanerError, messageOf } from '../errors/index.js';

/** Levels of lists and maps within each other. */
const MAX_DEPTH = 50;

/** The text is no YAML, or more of it than is understood here. */
class MalformedYamlError extends GleanerError {
  readonly code = 'yaml.malformed';
  readonly title = 'Malformed YAML';
  override readonly severity = 'info';
  override readonly httpStatus = 400;

  constructor(reason: string, options: ErrorOptions) {
    super(`This is no YAML that is understood here: ${reason}`, options);
  }
}

/**
 * Reads one YAML document with what JSON has: text, numbers, booleans, null, lists and maps; dates stay text. There
 * are no aliases: a few of them can stand for a document that fits into no memory.
 * @throws MalformedYamlError naming line and column, counted from 1.
 */
export function parseYaml(text: string): unknown {
  try {
    return load(text, { schema: CORE_SCHEMA, maxAliases: 0, maxDepth: MAX_DEPTH });
  } catch (error) {
    // What a parser throws at a text that nobody has thought of is about the text, whatever its class.
    throw new MalformedYamlError(reasonOf(error), { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof YAMLException)) return messageOf(error);
  const { reason, mark } = error;
  return mark ? `${reason} in line ${mark.line + 1}, column ${mark.column + 1}.` : `${reason}.`;
}
