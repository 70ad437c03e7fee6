import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ApiProblems, noQuery, type Page, toPage } from '../../core/http/index.js';
import {
  listSourcesQuery,
  type SourceDto,
  sourcePageSchema,
  sourceSchema,
  sourceSlug,
  toSourceDto,
} from './source.dto.js';
import { SourceService } from './source.service.js';

@ApiTags('sources')
@Controller('api/v1/sources')
export class SourcesController {
  constructor(private readonly sources: SourceService) {}

  @Get()
  @ApiOperation({ summary: 'All sources, by slug' })
  @ApiOkResponse({ standardSchema: sourcePageSchema })
  @ApiProblems(400, 429, 503)
  async list(
    @Query({ schema: listSourcesQuery }) query: z.output<typeof listSourcesQuery>,
  ): Promise<Page<SourceDto>> {
    const rows = await this.sources.list(query.limit + 1, query.cursor?.[0]);
    return toPage(rows, query.limit, (row) => [row.slug], toSourceDto);
  }

  @Get(':slug')
  @ApiOperation({ summary: 'One source' })
  @ApiOkResponse({ standardSchema: sourceSchema })
  @ApiProblems(400, 404, 429, 503)
  async get(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<SourceDto> {
    return toSourceDto(await this.sources.bySlug(slug));
  }
}
