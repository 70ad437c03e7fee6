import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import {
  ApiConsumes,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { InvalidInputError } from '../../core/errors/index.js';
import { ApiProblems, noQuery } from '../../core/http/index.js';
import { YAML_MEDIA_TYPE } from '../../core/yaml/index.js';
import { RequiresRole } from '../../platform/auth/index.js';
import { ApiCachedRead, DocumentAnswers } from '../../platform/caching/index.js';
import { DeclaredSources } from './declared-sources.js';
import { type SourceDefinition, sourceDefinitionSchema } from './definition/source-definition.js';
import {
  changeSourceBody,
  listSourcesQuery,
  type SourceDetailDto,
  sourceDetailSchema,
  sourcePageSchema,
  sourceSlug,
  toSourceDetailDto,
} from './source.dto.js';
import { SourceReader } from './source.reader.js';

@ApiTags('sources')
@Controller('api/v1/sources')
export class SourcesController {
  constructor(
    private readonly sources: SourceReader,
    private readonly declared: DeclaredSources,
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
  @ApiOperation({ summary: 'One source, with what it yields' })
  @ApiCachedRead(sourceDetailSchema, 404)
  get(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Query({ schema: noQuery }) _query: object,
    @Res() reply: FastifyReply,
  ): void | Promise<void> {
    return this.answers.send(reply, this.sources.get(slug));
  }

  @Post()
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Declare a source' })
  @ApiConsumes('application/json', YAML_MEDIA_TYPE)
  @ApiCreatedResponse({
    standardSchema: sourceDetailSchema,
    description: 'Location has the URL of the source',
  })
  @ApiProblems(400, 409, 413, 415, 429, 503)
  async create(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: sourceDefinitionSchema }) definition: SourceDefinition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SourceDetailDto> {
    const source = await this.declared.create(definition);
    reply.header('Location', `/api/v1/sources/${source.slug}`);
    return toSourceDetailDto(source);
  }

  @Put(':slug')
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Declare a source anew' })
  @ApiConsumes('application/json', YAML_MEDIA_TYPE)
  @ApiOkResponse({ standardSchema: sourceDetailSchema })
  @ApiProblems(400, 404, 409, 413, 415, 429, 503)
  async replace(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: sourceDefinitionSchema }) definition: SourceDefinition,
  ): Promise<SourceDetailDto> {
    if (definition.slug !== slug) {
      const message = `expected ${JSON.stringify(slug)} as in the URL, got "${definition.slug}"`;
      throw new InvalidInputError([{ field: 'slug', message }]);
    }
    return toSourceDetailDto(await this.declared.replace(definition));
  }

  @Patch(':slug')
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Switch a source off or on, whoever declares it' })
  @ApiConsumes('application/json', YAML_MEDIA_TYPE)
  @ApiOkResponse({ standardSchema: sourceDetailSchema })
  @ApiProblems(400, 404, 413, 415, 429, 503)
  async change(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: changeSourceBody }) { enabled }: z.output<typeof changeSourceBody>,
  ): Promise<SourceDetailDto> {
    return toSourceDetailDto(await this.declared.setEnabled(slug, enabled));
  }

  @Delete(':slug')
  @HttpCode(204)
  @RequiresRole('admin')
  @ApiOperation({ summary: 'Delete a source that the API has declared' })
  @ApiNoContentResponse()
  @ApiProblems(400, 404, 409, 413, 415, 429, 503)
  async remove(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<void> {
    await this.declared.remove(slug);
  }
}
