import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { noQuery } from '../../core/http/index.js';
import { ApiCachedRead, DocumentAnswers } from '../../platform/caching/index.js';
import { listSourcesQuery, sourcePageSchema, sourceSchema, sourceSlug } from './source.dto.js';
import { SourceReader } from './source.reader.js';

@ApiTags('sources')
@Controller('api/v1/sources')
export class SourcesController {
  constructor(
    private readonly sources: SourceReader,
    private readonly answers: DocumentAnswers,
  ) {}

  @Get()
  @ApiOperation({ summary: 'All sources, by slug' })
  @ApiCachedRead(sourcePageSchema)
  list(
    @Query({ schema: listSourcesQuery }) query: z.output<typeof listSourcesQuery>,
    @Res() reply: FastifyReply,
  ): void | Promise<void> {
    return this.answers.send(reply, this.sources.list(query.limit, query.cursor?.[0]));
  }

  @Get(':slug')
  @ApiOperation({ summary: 'One source' })
  @ApiCachedRead(sourceSchema, 404)
  get(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Query({ schema: noQuery }) _query: object,
    @Res() reply: FastifyReply,
  ): void | Promise<void> {
    return this.answers.send(reply, this.sources.get(slug));
  }
}
