import { parseArgs } from 'node:util';
import { z } from 'zod';
import { text } from '../../../core/http/index.js';
import { type Role, ROLES } from '../../../platform/auth/index.js';
import { UsageError } from '../cli.errors.js';
import { parseExpiry } from './expiry.js';

export const KEY_HELP = `Usage: npm run -s key -- <command>        (in the image: node dist/cli.js key <command>)

API keys: who may use the API, and for what.

Commands
  create --name NAME --role ROLE [--expires WHEN] [--json]
                       makes a key and shows it, this one time
  list [--json]        all keys, without the secret part, which is not stored
  revoke ID            the key opens nothing any more, in every process within a second

Options
  --name NAME          what people call it: who or what will use it
  --role ROLE          viewer (reads, where reading is not public), operator (starts runs) or admin (everything)
  --expires WHEN       after a time, as 12h, 90d or 1y, or at a date, as 2027-01-31 (UTC); never, when it is left out
  --json               for programs: one JSON document on standard output
  --help               this text

Examples
  npm run -s key -- create --name ci --role operator --expires 90d
  npm run -s key -- create --name grafana --role viewer --json
  npm run -s key -- list
  npm run -s key -- revoke k3v9qa07mzt2

Only DATABASE_URL has to be set. Status: 0 done, 1 it did not work, 2 the command was not understood, 78 faulty
configuration.
`;

export type KeyCommand =
  | { do: 'help' }
  | { do: 'create'; name: string; role: Role; expiresAt: Date | null; json: boolean }
  | { do: 'list'; json: boolean }
  | { do: 'revoke'; id: string };

const OPTIONS = {
  name: { type: 'string' },
  role: { type: 'string' },
  expires: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Which options each command knows, and how many words follow its name. */
const COMMANDS: Readonly<Record<string, { options: readonly string[]; words: readonly string[] }>> = {
  create: { options: ['name', 'role', 'expires', 'json'], words: [] },
  list: { options: ['json'], words: [] },
  revoke: { options: [], words: ['ID'] },
};

/** @throws UsageError saying what was expected and what came. */
export function parseKeyCommand(args: readonly string[], now: Date): KeyCommand {
  const { values, positionals } = parsed(args);
  const [name, ...words] = positionals;
  if (values.help || (name === 'help' && words.length === 0)) return { do: 'help' };
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new UsageError(
      `expected a command, one of ${Object.keys(COMMANDS).join(', ')}, got ${shown(name)}`,
    );
  const stray = Object.keys(values).find((option) => !command.options.includes(option));
  if (stray) throw new UsageError(`--${stray}: "${name}" has no such option`);
  if (words.length !== command.words.length) {
    const expected = command.words.length > 0 ? command.words.join(' ') : 'nothing';
    throw new UsageError(`"${name}": expected ${expected} to follow, got ${shown(words.join(' '))}`);
  }
  const json = values.json ?? false;
  if (name === 'list') return { do: 'list', json };
  if (name === 'revoke') return { do: 'revoke', id: idIn(words[0] ?? '') };
  return {
    do: 'create',
    name: checked('--name', text(100), values.name),
    role: checked('--role', z.enum(ROLES, `expected one of ${ROLES.join(', ')}`), values.role),
    expiresAt: values.expires === undefined ? null : parseExpiry(values.expires, now),
    json,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    // parseArgs explains well what it did not understand, in its first sentence.
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

/** The id; or a whole key, of which nobody has to cut the id out first. */
function idIn(word: string): string {
  const id = /^glnr_([a-z0-9]+)_/.exec(word)?.[1] ?? word;
  if (!/^[a-z0-9]{12}$/.test(id))
    throw new UsageError('ID: expected the 12 letters and digits that "list" shows, got something else');
  return id;
}

function checked<T>(option: string, schema: z.ZodType<T>, value: string | undefined): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const expected = value === undefined ? 'is required' : (result.error.issues[0]?.message ?? 'not valid');
  throw new UsageError(`${option}: ${expected}, got ${shown(value)}`);
}

const shown = (value: string | undefined): string =>
  value === undefined || value === '' ? 'nothing' : JSON.stringify(value.slice(0, 100));
