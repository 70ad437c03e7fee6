import { Injectable } from '@nestjs/common';
import { hostname, userInfo } from 'node:os';
import { DataSource } from 'typeorm';
import { messageOf } from '../../core/errors/index.js';
import { auditDetail } from './audit-detail.js';
import { AuditEntry } from './audit-entry.entity.js';

/**
 * What was done on the command line, where nobody has a key: who did it is what the system says on which it was typed.
 */
@Injectable()
export class CommandAudit {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Does it, and writes down how that went.
   * @param action e.g. `cli.queues.pause`. @param told to what, in a few words. @param outcome what came of it.
   * @throws what `act` throws; an error that says so when it was done and could not be written down.
   */
  async record<T>(
    action: string,
    told: string,
    act: () => Promise<T>,
    outcome?: (result: T) => string,
  ): Promise<T> {
    let result: T;
    try {
      result = await act();
    } catch (error) {
      // The first failure is the one to be told of.
      await this.write(action, 'failed', [told, messageOf(error)]).catch(() => undefined);
      throw error;
    }
    await this.write(action, 'done', outcome ? [told, outcome(result)] : [told]).catch((error: unknown) => {
      throw new Error(`It was done, but could not be written into the audit: ${messageOf(error)}`, {
        cause: error,
      });
    });
    return result;
  }

  private async write(action: string, outcome: AuditEntry['outcome'], said: string[]): Promise<void> {
    const detail = auditDetail(`by ${userName()} on ${hostname()}`, ...said);
    await this.dataSource.getRepository(AuditEntry).insert({ action, outcome, detail });
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container that runs under a number which has no name there.
    return `user ${process.getuid?.()}`;
  }
}
