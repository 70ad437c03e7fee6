import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { NotFoundError } from '../../../core/errors/index.js';
import { ApiProblems, noQuery, type Page, toPage } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { Workers } from '../../../platform/workers/index.js';
import {
  listWorkersQuery,
  toWorkerDetailDto,
  toWorkerDto,
  type WorkerDetailDto,
  workerDetailSchema,
  type WorkerDto,
  workerId,
  workerPageSchema,
} from './worker.dto.js';

/** The workers that there are and were. */
@ApiTags('operations')
@Controller('api/v1/ops/workers')
export class WorkersController {
  constructor(private readonly workers: Workers) {}

  @Get()
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'All workers, by id, also those that have ended or fallen silent a while ago' })
  @ApiOkResponse({ standardSchema: workerPageSchema })
  @ApiProblems(400, 429, 503)
  async list(
    @Query({ schema: listWorkersQuery }) query: z.output<typeof listWorkersQuery>,
  ): Promise<Page<WorkerDto>> {
    const { state, queue, limit, cursor } = query;
    const workers = await this.workers.list({
      ...(state && { state }),
      ...(queue && { queue }),
      ...(cursor && { after: cursor[0] }),
    });
    return toPage(workers.slice(0, limit + 1), limit, ({ id }) => [id], toWorkerDto);
  }

  @Get(':id')
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'One worker, with the tasks that it runs' })
  @ApiOkResponse({ standardSchema: workerDetailSchema })
  @ApiProblems(400, 404, 429, 503)
  async get(
    @Param('id', { schema: workerId }) id: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<WorkerDetailDto> {
    const worker = await this.workers.get(id);
    if (!worker) throw new NotFoundError('worker', id);
    return toWorkerDetailDto(worker);
  }
}
