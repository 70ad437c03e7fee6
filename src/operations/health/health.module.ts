import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { ProbeRegistry } from './probe-registry.js';

/** `GET /health/*` in every mode, of the probes that its modules declare. */
@Module({
  imports: [TerminusModule.forRoot({ logger: false }), DiscoveryModule],
  controllers: [HealthController],
  providers: [ProbeRegistry, HealthService],
  exports: [HealthService],
})
export class HealthModule {}
