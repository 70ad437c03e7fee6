import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ApiProblems, noQuery } from '../../core/http/index.js';
import { processId } from '../../core/process/index.js';
import { RequiresRole } from '../../platform/auth/index.js';
import { detailedHealthSchema } from './health-check.js';
import { HealthService } from './health.service.js';

/** The same for operators, with what the probes found. */
@ApiTags('operations')
@Controller('api/v1/ops/health')
export class HealthDetailsController {
  constructor(private readonly health: HealthService) {}

  @Get()
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'How the process that answers stands, and with everything that it depends on' })
  @ApiOkResponse({ standardSchema: detailedHealthSchema })
  @ApiProblems(400, 429, 503)
  async details(@Query({ schema: noQuery }) _query: object): Promise<z.output<typeof detailedHealthSchema>> {
    const { status, checks } = await this.health.detailed();
    return { status, instance: processId, checks: Object.fromEntries(checks) };
  }
}
