import { Injectable } from '@nestjs/common';
import { type ApiKeyInfo, ApiKeys } from '../../../platform/auth/index.js';
import type { KeyCommand } from './key-command.js';
import type { Terminal } from '../terminal.js';
import { table } from '../table.js';

/** Carries out the commands about keys. */
@Injectable()
export class KeyCommands {
  constructor(private readonly keys: ApiKeys) {}

  async run(command: Exclude<KeyCommand, { do: 'help' }>, terminal: Terminal): Promise<void> {
    switch (command.do) {
      case 'create':
        return this.create(command, terminal);
      case 'list':
        return this.list(command, terminal);
      case 'revoke': {
        const at = await this.keys.revoke(command.id);
        return terminal.note(`Key ${command.id} is revoked since ${seconds(at)}.\n`);
      }
    }
  }

  private async create(wanted: KeyCommand & { do: 'create' }, { out, note }: Terminal): Promise<void> {
    const { key, info } = await this.keys.create(wanted);
    if (wanted.json) return out(`${JSON.stringify({ key, ...shownTo(info) }, undefined, 2)}\n`);
    out(
      `${table([
        ['key', key],
        ['id', info.id],
        ['name', info.name],
        ['role', info.role],
        ['expires', info.expiresAt ? seconds(info.expiresAt) : 'never'],
      ])}\n`,
    );
    note('\nKeep the key now: only its hash is stored, and it cannot be shown again.\n');
  }

  private async list({ json }: KeyCommand & { do: 'list' }, { out, note }: Terminal): Promise<void> {
    const keys = await this.keys.list();
    if (json) return out(`${JSON.stringify(keys.map(shownTo), undefined, 2)}\n`);
    if (keys.length === 0) return note('There are no keys. "create" makes one; see --help.\n');
    const rows = keys.map((key) => [
      key.id,
      key.name,
      key.role,
      stateOf(key, new Date()),
      seconds(key.createdAt),
      key.expiresAt ? seconds(key.expiresAt) : 'never',
      key.lastUsedAt ? seconds(key.lastUsedAt) : 'never',
    ]);
    out(`${table([['ID', 'NAME', 'ROLE', 'STATE', 'CREATED', 'EXPIRES', 'LAST USED'], ...rows])}\n`);
  }
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

const seconds = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;
