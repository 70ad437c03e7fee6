import { Option, type Command } from 'commander';
import type { ApiKeyInfo, Role } from '../../../platform/auth/index.js';
import { UsageError } from '../cli.errors.js';
import { parseExpiry } from '../expiry.js';
import { ROLES } from '../names.js';
import { showFacts, showJson, showList, timeOf, WHOLE } from '../show.js';
import type { Tools } from '../tools.js';

/** API keys: who may use the API, and for what. They need no Redis. */
export function keyCommands(program: Command, { open, terminal }: Tools): void {
  const keys = program
    .command('keys')
    .alias('key')
    .description('API keys: who may use the API, and for what');

  keys
    .command('create')
    .description('makes a key and shows it, this one time')
    .requiredOption('--name <name>', 'what people call it: who or what will use it', keyName)
    .addOption(
      new Option(
        '--role <role>',
        'viewer reads where reading is not public, operator starts runs, admin does everything',
      )
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .option('--expires <when>', 'after a time, as 12h, 90d or 1y, or at a date, as 2027-01-31 (UTC)')
    .action(async ({ name, role, expires, json }: NewKey) => {
      const expiresAt = expires === undefined ? null : parseExpiry(expires, new Date());
      const { apiKeys } = await open('keys');
      const { key, info } = await apiKeys.create({ name, role, expiresAt });
      if (json) return showJson(terminal, { key, ...shownTo(info) });
      showFacts(terminal, [
        ['key', key],
        ['id', info.id],
        ['name', info.name],
        ['role', info.role],
        ['expires', info.expiresAt ? timeOf(info.expiresAt) : 'never'],
      ]);
      terminal.note('\nKeep the key now: only its hash is stored, and it cannot be shown again.\n');
    });

  keys
    .command('list')
    .description('all keys, without the secret part, which is not stored')
    .action(async ({ json }: { json?: boolean }) => {
      const { apiKeys } = await open('keys');
      const list = await apiKeys.list();
      if (json) return showJson(terminal, list.map(shownTo));
      showList(
        terminal,
        false,
        list,
        [
          ['ID', ({ id }) => id, WHOLE],
          ['NAME', ({ name }) => name],
          ['ROLE', ({ role }) => role],
          ['STATE', (key) => stateOf(key, new Date())],
          ['CREATED', ({ createdAt }) => timeOf(createdAt)],
          ['EXPIRES', ({ expiresAt }) => (expiresAt ? timeOf(expiresAt) : 'never')],
          ['LAST USED', ({ lastUsedAt }) => (lastUsedAt ? timeOf(lastUsedAt) : 'never')],
        ],
        'There are no keys. "create" makes one; see --help.',
      );
    });

  keys
    .command('revoke')
    .description('the key opens nothing any more, in every process within a second')
    .argument('<id>', 'as "list" shows it')
    .action(async (word: string, { json }: { json?: boolean }) => {
      const id = idIn(word);
      const { apiKeys } = await open('keys');
      const revokedAt = await apiKeys.revoke(id);
      if (json) return showJson(terminal, { id, revokedAt });
      terminal.note(`Key ${id} is revoked since ${timeOf(revokedAt)}.\n`);
    });
}

interface NewKey {
  name: string;
  role: Role;
  expires?: string;
  json?: boolean;
}

function keyName(name: string): string {
  if (!/^[^\p{Cc}\p{Cs}]{1,100}$/u.test(name))
    throw new UsageError('--name: expected 1 to 100 characters, none of them a control character');
  return name;
}

/** The id; or a whole key, of which nobody has to cut the id out first. Whatever else it is, it is not repeated. */
function idIn(word: string): string {
  const id = /^glnr_([a-z0-9]+)_/.exec(word)?.[1] ?? word;
  if (!/^[a-z0-9]{12}$/.test(id))
    throw new UsageError('ID: expected the 12 letters and digits that "list" shows, got something else');
  return id;
}

function stateOf({ revokedAt, expiresAt }: ApiKeyInfo, now: Date): 'valid' | 'expired' | 'revoked' {
  if (revokedAt) return 'revoked';
  return expiresAt && expiresAt <= now ? 'expired' : 'valid';
}

/** Members in the order in which people look for them. */
function shownTo(key: ApiKeyInfo): object {
  const { id, name, role, createdAt, expiresAt, revokedAt, lastUsedAt } = key;
  return { id, name, role, state: stateOf(key, new Date()), createdAt, expiresAt, revokedAt, lastUsedAt };
}
