import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { HealthIndicatorService } from '@nestjs/terminus';
import { type Findings, type HealthProbe, Probe, type ProbeOptions } from '../../core/probes/index.js';
import type { Check } from './health-check.js';

/** Every probe of the process, as Terminus runs them: each within its time, and not more often than it says. */
@Injectable()
export class ProbeRegistry implements OnModuleInit {
  private readonly logger = new Logger(ProbeRegistry.name);
  private readonly probes: { options: ProbeOptions; probe: HealthProbe }[] = [];
  private readonly told = new Map<string, string>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  onModuleInit(): void {
    for (const provider of this.discovery.getProviders({ metadataKey: Probe.KEY })) {
      const options = this.discovery.getMetadataByDecorator(Probe, provider) as ProbeOptions;
      this.probes.push({ options, probe: provider.instance as HealthProbe });
    }
  }

  /** By name. @param which only those without which the process is of no use. */
  async check(which: 'all' | 'essential'): Promise<Map<string, Check>> {
    const asked = this.probes.filter(({ options }) => which === 'all' || options.essential);
    const checks = await Promise.all(
      asked.map(async ({ options, probe }) => [options.name, await this.ask(options, probe)] as const),
    );
    return new Map(checks.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private async ask(
    { name, timeoutMs, cacheMs, essential }: ProbeOptions,
    probe: HealthProbe,
  ): Promise<Check> {
    const result = await this.indicators
      .check(name)
      .attempt(async ({ signal }) => ({ ...(await probe.check(signal)) }))
      .withTimeout(timeoutMs)
      .cacheFor(cacheMs);
    const check = checkOf(name, essential, result[name] as Outcome);
    this.tell(name, check);
    return check;
  }

  /** Who looks at the log learns of it without having asked, once a change. */
  private tell(name: string, { status, reason, message }: Check): void {
    const before = this.told.get(name) ?? 'up';
    // Why it is not well can change, too.
    const now = reason ?? status;
    this.told.set(name, now);
    if (before === now) return;
    if (status === 'up') this.logger.log({ probe: name }, 'is well again');
    else this.logger.warn({ probe: name, reason, message }, `is ${status}`);
  }
}

interface Outcome extends Findings {
  readonly status: 'up' | 'down';
  readonly message?: string;
}

/** What Terminus adds about how it asked is nobody's business. */
const ITS_OWN = new Set(['status', 'reason', 'message', 'responseTime', 'cachedResponse']);

function checkOf(name: string, essential: boolean, outcome: Outcome): Check {
  const { status, reason, message = '' } = outcome;
  const details = Object.fromEntries(Object.entries(outcome).filter(([key]) => !ITS_OWN.has(key)));
  if (status === 'down') return { status, essential, reason: `${name}.down`, message, details };
  return reason === undefined
    ? { status, essential, details }
    : { status: 'degraded', essential, reason, details };
}
