import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { TimedKind } from '../../../core/performance/index.js';
import { ApiProblems } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { Slowest } from '../../../platform/performance/index.js';
import { slowestQuery, slowestSchema, timedKind, toSlowItemDto } from './slowest.dto.js';

/** Where the time goes. */
@ApiTags('operations')
@Controller('api/v1/ops/slowest')
export class SlowestController {
  constructor(private readonly slowest: Slowest) {}

  @Get(':kind')
  @RequiresRole('viewer')
  @ApiOperation({
    summary:
      'The slowest routes, tasks or queries of all processes together, no more than ten seconds behind',
  })
  @ApiOkResponse({ standardSchema: slowestSchema })
  @ApiProblems(400, 429, 503)
  async list(
    @Param('kind', { schema: timedKind }) kind: TimedKind,
    @Query({ schema: slowestQuery }) query: z.output<typeof slowestQuery>,
  ): Promise<z.output<typeof slowestSchema>> {
    const { since, items } = await this.slowest.list(kind, query);
    return { since: new Date(since).toISOString(), items: items.map(toSlowItemDto), nextCursor: null };
  }
}
