import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { messageOf } from '../../core/errors/index.js';

/** A key's time is written at most this often by a process, however often the key is used. */
const EVERY_MS = 60_000;
const FLUSH_MS = 5000;

/** Writes when keys were last used: off the request's path, all keys in one statement. */
@Injectable()
export class LastUsed implements BeforeApplicationShutdown {
  private readonly logger = new Logger(LastUsed.name);
  /** When this process last wrote, or decided to write, the time of a key; there are only as many as keys exist. */
  private readonly written = new Map<string, number>();
  private readonly pending = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly dataSource: DataSource) {}

  note(keyId: string): void {
    const now = performance.now();
    if (now - (this.written.get(keyId) ?? -Infinity) < EVERY_MS) return;
    this.written.set(keyId, now);
    this.pending.add(keyId);
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flush();
  }

  private async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const ids = [...this.pending];
    this.pending.clear();
    if (ids.length === 0) return;
    try {
      await this.dataSource.query('UPDATE api_key SET last_used_at = now() WHERE id = ANY ($1)', [ids]);
    } catch (error) {
      // The next use writes it again.
      for (const id of ids) this.written.delete(id);
      this.logger.warn(`the last use of ${ids.length} keys could not be written: ${messageOf(error)}`);
    }
  }
}
