import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { DatabaseUnavailableError } from '../../core/database/index.js';
import { DeadlineError, withDeadline } from '../../core/deadline/index.js';
import type { Principal } from '../../core/http/index.js';
import { ApiKey } from './api-key.entity.js';
import { hashOf, idOf, matches } from './api-key.js';
import { InvalidKeyError, KeysUnavailableError } from './auth.errors.js';

/** How long what the database said of a key is believed: a revocation takes effect within this time, everywhere. */
const BELIEVED_MS = 1000;
/** Keys that are remembered at once; of those that do not exist, too, or guessing would cost a query each. */
const MAX_REMEMBERED = 10_000;
/** A frozen database does not fail, it says nothing. */
const LOOKUP_TIMEOUT_MS = 2000;

/** Compared with when there is no such key, so that both cases take as long. */
const NO_HASH = hashOf('');

interface Remembered {
  key: Promise<ApiKey | null>;
  until: number;
}

/** Tells who a key belongs to, with one query per key and second at most. */
@Injectable()
export class KeyVerifier {
  private readonly remembered = new Map<string, Remembered>();

  constructor(@InjectRepository(ApiKey) private readonly keys: Repository<ApiKey>) {}

  /** @throws InvalidKeyError; KeysUnavailableError when that cannot be told. */
  async verify(presented: string): Promise<Principal> {
    const id = idOf(presented);
    if (id === undefined) throw new InvalidKeyError('malformed');
    const known = await this.lookUp(id);
    if (!matches(presented, known?.hash ?? NO_HASH) || !known) throw new InvalidKeyError('unknown');
    if (known.revokedAt) throw new InvalidKeyError('revoked');
    if (known.expiresAt && known.expiresAt.getTime() <= Date.now()) throw new InvalidKeyError('expired');
    return { keyId: known.id, name: known.name, role: known.role };
  }

  private async lookUp(id: string): Promise<ApiKey | null> {
    const now = performance.now();
    const before = this.remembered.get(id);
    if (before && before.until > now) return before.key;
    const key = this.find(id);
    // At the end of the map, which is in the order of insertion: the oldest go first.
    this.remembered.delete(id);
    const entry = { key, until: now + BELIEVED_MS };
    this.remembered.set(id, entry);
    if (this.remembered.size > MAX_REMEMBERED) this.forgetOldest();
    try {
      return await key;
    } catch (error) {
      // Those who ask meanwhile share the failure; who asks later has the database asked again.
      if (this.remembered.get(id) === entry) this.remembered.delete(id);
      throw error;
    }
  }

  private async find(id: string): Promise<ApiKey | null> {
    try {
      return await withDeadline(this.keys.findOneBy({ id }), LOOKUP_TIMEOUT_MS);
    } catch (error) {
      // Anything else is a fault of ours.
      const away = error instanceof DeadlineError || error instanceof DatabaseUnavailableError;
      throw away ? new KeysUnavailableError(error) : error;
    }
  }

  private forgetOldest(): void {
    const [oldest] = this.remembered.keys();
    if (oldest !== undefined) this.remembered.delete(oldest);
  }
}
