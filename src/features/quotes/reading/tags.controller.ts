import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ApiProblems, type Page } from '../../../core/http/index.js';
import { listTagsQuery, type TagDto, tagPageSchema } from './quote.dto.js';
import { TagReader } from './tag.reader.js';

@ApiTags('tags')
@Controller('api/v1/tags')
export class TagsController {
  constructor(private readonly tags: TagReader) {}

  @Get()
  @ApiOperation({ summary: 'Tags with the number of their quotes, by name' })
  @ApiOkResponse({ standardSchema: tagPageSchema })
  @ApiProblems(400, 429)
  async list(@Query({ schema: listTagsQuery }) query: z.output<typeof listTagsQuery>): Promise<Page<TagDto>> {
    return this.tags.list(query.limit, query.cursor?.[0]);
  }
}
