import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { NotFoundError } from '../../core/errors/index.js';
import { ApiKey } from './api-key.entity.js';
import { generateKey } from './api-key.js';
import { AuditEntry } from './audit-entry.entity.js';
import type { Role } from './roles.js';

export interface NewApiKey {
  name: string;
  role: Role;
  /** `null`: it never expires. */
  expiresAt: Date | null;
}

/** What is told of a key; never its hash. */
export type ApiKeyInfo = Omit<ApiKey, 'hash'>;

/** Makes, lists and revokes keys, and leaves an audit entry of what it changed in the same transaction. */
@Injectable()
export class ApiKeys {
  constructor(private readonly dataSource: DataSource) {}

  /** @returns the key itself, too, which nobody can be told a second time. */
  async create(wanted: NewApiKey): Promise<{ key: string; info: ApiKeyInfo }> {
    return this.dataSource.transaction((manager) => createKey(manager, wanted));
  }

  /** All keys, the newest first: expired and revoked ones, too. */
  async list(): Promise<ApiKeyInfo[]> {
    return this.dataSource.getRepository(ApiKey).find({
      select: {
        id: true,
        name: true,
        role: true,
        createdAt: true,
        expiresAt: true,
        revokedAt: true,
        lastUsedAt: true,
      },
      order: { createdAt: 'DESC', id: 'ASC' },
    });
  }

  /**
   * From now on, and within a second in processes that have just seen it, the key opens nothing.
   * @returns when it was revoked, which may have been before.
   * @throws NotFoundError
   */
  async revoke(id: string): Promise<Date> {
    return this.dataSource.transaction(async (manager) => {
      const key = await manager.findOne(ApiKey, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!key) throw new NotFoundError('key', id);
      if (key.revokedAt) return key.revokedAt;
      const revokedAt = new Date();
      await manager.update(ApiKey, { id }, { revokedAt });
      await manager.insert(AuditEntry, {
        action: 'key.revoke',
        keyId: id,
        outcome: 'done',
        detail: key.name,
      });
      return revokedAt;
    });
  }
}

/** Within the transaction of `manager`. */
export async function createKey(
  manager: EntityManager,
  { name, role, expiresAt }: NewApiKey,
): Promise<{ key: string; info: ApiKeyInfo }> {
  const { id, key, hash } = generateKey();
  const created = await manager.save(manager.create(ApiKey, { id, name, role, hash, expiresAt }));
  await manager.insert(AuditEntry, {
    action: 'key.create',
    keyId: id,
    outcome: 'done',
    detail: `${role} ${name}`,
  });
  const { createdAt } = created;
  return { key, info: { id, name, role, createdAt, expiresAt, revokedAt: null, lastUsedAt: null } };
}
