import { Injectable, Logger } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Counter } from 'prom-client';
import { DataSource } from 'typeorm';
import { auditDetail } from './audit-detail.js';
import { AuditEntry } from './audit-entry.entity.js';
import { AUDIT_DROPPED } from './auth.metrics.js';

type NewAuditEntry = Omit<AuditEntry, 'id' | 'at'>;

/** Entries about what did not happen: a process writes this many at once, and then one in each interval. */
const BURST = 30;
const INTERVAL_MS = 6000;
const MAX_PATH_LENGTH = 200;

declare module 'fastify' {
  interface FastifyRequest {
    /** What the handler adds to the audit entry of its request: on how many it acted, and with which result. */
    auditDetail?: string;
  }
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Who changed what, and who tried to. A change is written before it is answered, so that none is known to its author
 * alone. Of what did not happen only so much is written: whoever has no key must not be able to fill the table.
 */
@Injectable()
export class AuditLog {
  private readonly logger = new Logger(AuditLog.name);
  /** Apart, so that strangers cannot crowd out what somebody with a key was up to. */
  private readonly ofStrangers = new Budget();
  private readonly ofKeyHolders = new Budget();

  constructor(
    private readonly dataSource: DataSource,
    @InjectMetric(AUDIT_DROPPED) private readonly dropped: Counter,
  ) {}

  /** Must be called before routes are registered. Routes that only read pay nothing for this. */
  observe(server: FastifyInstance): void {
    server.decorateRequest('auditDetail', undefined);
    server.addHook('onRoute', (route) => {
      if ([route.method].flat().every((method) => READS.has(method))) return;
      const own = route.onSend === undefined ? [] : [route.onSend].flat();
      route.onSend = [...own, async (request, reply) => this.answered(request, reply)];
    });
  }

  /** Writes an entry of a failed attempt, if there is room for it; does not make anybody wait. */
  noteStranger(entry: NewAuditEntry): void {
    this.note(entry, this.ofStrangers);
  }

  private note(entry: NewAuditEntry, budget: Budget): void {
    if (budget.take()) void this.write(entry);
    else this.dropped.inc();
  }

  private async answered(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { principal, method, url, ip, id } = request;
    const { statusCode } = reply;
    // Without a key nothing was changed; 429 would be written once for each of a flood.
    if (!principal || statusCode === 429) return;
    const entry: NewAuditEntry = {
      action: `${method} ${url.split('?', 1)[0]?.slice(0, MAX_PATH_LENGTH)}`,
      keyId: principal.keyId,
      address: ip,
      requestId: id,
      outcome: statusCode < 400 ? 'done' : statusCode === 403 ? 'refused' : 'failed',
      detail: auditDetail(
        `status ${statusCode}`,
        ...(request.auditDetail === undefined ? [] : [request.auditDetail]),
      ),
    };
    if (entry.outcome === 'done') await this.write(entry);
    else this.note(entry, this.ofKeyHolders);
  }

  private async write(entry: NewAuditEntry): Promise<void> {
    try {
      await this.dataSource.getRepository(AuditEntry).insert(entry);
    } catch (error) {
      // What happened has happened: its author is told so, and the log keeps what the table could not.
      this.logger.error({ err: error, audit: entry }, 'an audit entry could not be written');
    }
  }
}

/** How much may be written of what did not happen. */
class Budget {
  private tokens = BURST;
  private refilledAt = performance.now();

  take(): boolean {
    const now = performance.now();
    const refill = Math.floor((now - this.refilledAt) / INTERVAL_MS);
    this.tokens = Math.min(BURST, this.tokens + refill);
    this.refilledAt += refill * INTERVAL_MS;
    if (this.tokens === 0) return false;
    this.tokens--;
    return true;
  }
}
