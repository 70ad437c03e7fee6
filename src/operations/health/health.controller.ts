import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { FastifyReply } from 'fastify';
import { NoKeyNeeded } from '../../platform/auth/index.js';
import type { Health } from './health-check.js';
import { HealthService } from './health.service.js';

/** What Kubernetes asks: which probe is how and why, in words for programs, and nothing of the inside. */
@NoKeyNeeded()
@SkipThrottle()
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /** Never depends on anything outside the process: restarting it would not mend a database. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('startup')
  async startup(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    return answer(await this.health.startup(), reply);
  }

  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    return answer(await this.health.ready(), reply);
  }

  @Get()
  async all(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    return answer(await this.health.all(), reply);
  }
}

function answer(health: Health, reply: FastifyReply): Health {
  if (health.status !== 'ok' && health.status !== 'degraded') reply.status(HttpStatus.SERVICE_UNAVAILABLE);
  return health;
}
