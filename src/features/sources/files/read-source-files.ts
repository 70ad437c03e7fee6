import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { InvalidInputError, messageOf } from '../../../core/errors/index.js';
import { parseYaml } from '../../../core/yaml/index.js';
import { type SourceDefinition, sourceDefinitionSchema } from '../definition/source-definition.js';

const MAX_FILES = 1000;
const MAX_BYTES = 1_048_576;
const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);

/** What the files of a directory declare. */
export interface SourceFiles {
  definitions: SourceDefinition[];
  /** One line each, beginning with the name of the file: field, what was expected, what came. */
  faults: string[];
}

/** Reads every `*.yaml`, `*.yml` and `*.json` in a directory, but not in those below it, and no hidden one. */
export async function readSourceFiles(directory: string): Promise<SourceFiles> {
  const names = await namesIn(directory);
  if (!Array.isArray(names)) return { definitions: [], faults: [names.fault] };
  const files = new Map<string, SourceDefinition>();
  const faults: string[] = [];
  for (const name of names) {
    const read = await readSourceFile(join(directory, name));
    if ('faults' in read) {
      faults.push(...read.faults.map((fault) => `${name}: ${fault}`));
      continue;
    }
    const { slug } = read.definition;
    const other = [...files].find(([, definition]) => definition.slug === slug)?.[0];
    if (other === undefined) files.set(name, read.definition);
    else faults.push(`${name}: slug: expected one of its own, got "${slug}", as ${other} has`);
  }
  return { definitions: [...files.values()], faults };
}

async function namesIn(directory: string): Promise<string[] | { fault: string }> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    return { fault: `SOURCES_DIR: expected a directory, got "${directory}" (${messageOf(error)})` };
  }
  // Kubernetes puts the files of a ConfigMap into a hidden directory, and links to them beside it.
  const files = names.filter((name) => EXTENSIONS.has(extname(name)) && !name.startsWith('.')).sort();
  if (files.length <= MAX_FILES) return files;
  return { fault: `SOURCES_DIR: expected at most ${MAX_FILES} files, got ${files.length} in "${directory}"` };
}

async function readSourceFile(
  path: string,
): Promise<{ definition: SourceDefinition } | { faults: string[] }> {
  let input: unknown;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) return { faults: [`expected at most ${MAX_BYTES} bytes, got ${size}`] };
    const text = await readFile(path, 'utf8');
    input = extname(path) === '.json' ? JSON.parse(text) : parseYaml(text);
  } catch (error) {
    return { faults: [messageOf(error)] };
  }
  const { data, error } = sourceDefinitionSchema.safeParse(input);
  if (data) return { definition: data };
  const { errors } = InvalidInputError.fromIssues(error.issues, input, 'file').extensions;
  return { faults: errors.map(({ field, message }) => `${field}: ${message}`) };
}
