import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { PrometheusController } from '@willsoto/nestjs-prometheus';
import type { FastifyReply } from 'fastify';
import { NoKeyNeeded } from '../auth/index.js';
import { MetricsAccess } from './metrics-access.js';
import { MetricsTokenError } from './metrics.errors.js';

@NoKeyNeeded()
@SkipThrottle()
@ApiExcludeController()
@Controller()
export class MetricsController extends PrometheusController {
  constructor(private readonly access: MetricsAccess) {
    super();
  }

  @Get()
  override async index(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('authorization') authorization?: string,
  ): Promise<string> {
    if (!this.access.allows(authorization)) throw new MetricsTokenError();
    return super.index(reply);
  }
}
