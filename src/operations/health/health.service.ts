import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Check, Health } from './health-check.js';
import { ProbeRegistry } from './probe-registry.js';

/** How the process is. */
@Injectable()
export class HealthService implements OnModuleDestroy {
  private draining = false;
  private started = false;

  constructor(private readonly probes: ProbeRegistry) {}

  /** The first thing of a shutdown: while tasks and requests are finished, nothing new is to come. */
  onModuleDestroy(): void {
    this.draining = true;
  }

  async ready(): Promise<Health> {
    return bare(this.statusOf(await this.probes.check('essential')));
  }

  /** Ready once: what goes wrong later is no matter of starting. */
  async startup(): Promise<Health> {
    if (this.started) return { status: 'ok', checks: {} };
    const health = await this.ready();
    this.started = health.status === 'ok' || health.status === 'degraded';
    return health;
  }

  async all(): Promise<Health> {
    return bare(await this.detailed());
  }

  async detailed(): Promise<{ status: Health['status']; checks: Map<string, Check> }> {
    return this.statusOf(await this.probes.check('all'));
  }

  private statusOf(checks: Map<string, Check>): { status: Health['status']; checks: Map<string, Check> } {
    const all = [...checks.values()];
    const isDown = all.some(({ status, essential }) => status === 'down' && essential);
    const isWell = all.every(({ status }) => status === 'up');
    const status = isDown ? 'error' : isWell ? 'ok' : 'degraded';
    return { status: this.draining ? 'shutting_down' : status, checks };
  }
}

function bare({ status, checks }: { status: Health['status']; checks: Map<string, Check> }): Health {
  return {
    status,
    checks: Object.fromEntries(
      [...checks].map(([name, check]) => [
        name,
        { status: check.status, ...(check.reason !== undefined && { reason: check.reason }) },
      ]),
    ),
  };
}
