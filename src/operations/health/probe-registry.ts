import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type HealthCheckAttempt, HealthIndicatorService } from '@nestjs/terminus';
import { type HealthProbe, Probe, type ProbeOptions } from '../../core/probes/index.js';

/** Every probe of the process, as Terminus runs them. */
@Injectable()
export class ProbeRegistry implements OnModuleInit {
  private readonly probes: { options: ProbeOptions; probe: HealthProbe }[] = [];

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

  checks(): (() => HealthCheckAttempt)[] {
    return this.probes.map(
      ({ options, probe }) =>
        () =>
          this.indicators
            .check(options.name)
            .attempt(({ signal }) => probe.check(signal))
            .withTimeout(options.timeoutMs)
            .cacheFor(options.cacheMs),
    );
  }
}
