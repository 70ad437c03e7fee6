import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ApiProblems, noQuery, type Page, toPage } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { FailureReader } from '../frontier/failure-reader.js';
import { RunControl } from './run-control.js';
import { RunReader } from './run-reader.js';
import {
  listRunFailuresQuery,
  type RunDto,
  type RunFailureDto,
  runFailurePageSchema,
  runSchema,
  toRunDto,
  toRunFailureDto,
} from './run.dto.js';

/** What is done to one run, and what it consists of. */
@ApiTags('runs')
@Controller('api/v1/runs/:id')
export class RunActionsController {
  constructor(
    private readonly control: RunControl,
    private readonly reader: RunReader,
    private readonly failures: FailureReader,
  ) {}

  @Post('cancel')
  @HttpCode(200)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'End a run where it is; what it has found stays' })
  @ApiOkResponse({ standardSchema: runSchema })
  @ApiProblems(400, 404, 409, 413, 415, 429, 503)
  async cancel(
    @Param('id', { schema: z.uuid() }) id: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<RunDto> {
    await this.control.cancel(id);
    return toRunDto(await this.reader.get(id));
  }

  @Post('resume')
  @HttpCode(200)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Let a run that was cancelled, or failed, go on where it stopped' })
  @ApiOkResponse({ standardSchema: runSchema })
  @ApiProblems(400, 404, 409, 413, 415, 429, 503)
  async resume(
    @Param('id', { schema: z.uuid() }) id: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<RunDto> {
    await this.control.resume(id);
    return toRunDto(await this.reader.get(id));
  }

  @Get('failures')
  @ApiOperation({ summary: 'The pages that a run gave up, and why' })
  @ApiOkResponse({ standardSchema: runFailurePageSchema })
  @ApiProblems(400, 404, 429, 503)
  async list(
    @Param('id', { schema: z.uuid() }) id: string,
    @Query({ schema: listRunFailuresQuery }) { limit, cursor }: z.output<typeof listRunFailuresQuery>,
  ): Promise<Page<RunFailureDto>> {
    await this.reader.get(id);
    const rows = await this.failures.list(id, limit + 1, cursor?.[0]);
    return toPage(rows, limit, (row) => [Number(row.position)], toRunFailureDto);
  }
}
