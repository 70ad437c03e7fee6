import { Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ApiProblems, noQuery, type Page, toPage } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { ThrottledAs } from '../../../platform/throttling/index.js';
import { SourceService, sourceSlug } from '../../sources/index.js';
import { RunReader } from './run-reader.js';
import { RunStarter } from './run-starter.js';
import {
  listRunsQuery,
  type RunDto,
  runPageSchema,
  runSchema,
  startedRunSchema,
  toRunDto,
} from './run.dto.js';

@ApiTags('runs')
@Controller('api/v1')
export class RunsController {
  constructor(
    private readonly sources: SourceService,
    private readonly starter: RunStarter,
    private readonly reader: RunReader,
  ) {}

  @Post('sources/:slug/runs')
  @HttpCode(202)
  @RequiresRole('operator')
  @ThrottledAs('run')
  @ApiOperation({ summary: 'Scrape a source now' })
  @ApiAcceptedResponse({ standardSchema: startedRunSchema, description: 'Location has the URL of the run' })
  @ApiProblems(400, 404, 409, 413, 415, 429, 503)
  async start(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Query({ schema: noQuery }) _query: object,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof startedRunSchema>> {
    const id = await this.starter.start(await this.sources.bySlug(slug));
    const url = `/api/v1/runs/${id}`;
    reply.header('Location', url);
    return { id, url };
  }

  @Get('runs')
  @ApiOperation({ summary: 'Runs, newest first' })
  @ApiOkResponse({ standardSchema: runPageSchema })
  @ApiProblems(400, 429, 503)
  async list(@Query({ schema: listRunsQuery }) query: z.output<typeof listRunsQuery>): Promise<Page<RunDto>> {
    const { limit, cursor, ...filter } = query;
    const rows = await this.reader.list({ ...filter, after: cursor }, limit + 1);
    return toPage(rows, limit, (row) => [row.createdAt.toISOString(), row.id], toRunDto);
  }

  @Get('runs/:id')
  @ApiOperation({ summary: 'One run, with its progress while it runs' })
  @ApiOkResponse({ standardSchema: runSchema })
  @ApiProblems(400, 404, 429, 503)
  async get(
    @Param('id', { schema: z.uuid() }) id: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<RunDto> {
    return toRunDto(await this.reader.get(id));
  }
}
