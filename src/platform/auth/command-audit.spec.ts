import { describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import type { AuditEntry } from './audit-entry.entity.js';
import { CommandAudit } from './command-audit.js';

function auditInto(entries: Partial<AuditEntry>[], fault?: Error): CommandAudit {
  const insert = async (entry: Partial<AuditEntry>): Promise<void> => {
    if (fault) throw fault;
    entries.push(entry);
  };
  return new CommandAudit({ getRepository: () => ({ insert }) } as unknown as DataSource);
}
const fail = async (): Promise<never> => {
  throw new Error('Redis is away');
};

describe('what is done on the command line', () => {
  it('is written down when it failed, and fails as it did', async () => {
    const entries: Partial<AuditEntry>[] = [];
    await expect(auditInto(entries).record('cli.test', 'low', fail)).rejects.toThrow('Redis is away');
    expect(entries).toEqual([
      {
        action: 'cli.test',
        outcome: 'failed',
        detail: expect.stringMatching(/^by .+ on .+: low: Redis is away$/) as string,
      },
    ]);
  });

  it('is told apart from what was not done, when it cannot be written down', async () => {
    const audit = auditInto([], new Error('no database'));
    await expect(audit.record('cli.test', 'low', async () => 1)).rejects.toThrow(/^It was done, but/);
    await expect(audit.record('cli.test', 'low', fail)).rejects.toThrow('Redis is away');
  });
});
