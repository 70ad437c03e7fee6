import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { ApiCachedRead } from '../../../platform/caching/index.js';
import { listTagsQuery, tagPageSchema } from './quote.dto.js';
import { QuoteAnswers } from './quote-answers.js';
import { TagReader } from './tag.reader.js';

@ApiTags('tags')
@Controller('api/v1/tags')
export class TagsController {
  constructor(
    private readonly tags: TagReader,
    private readonly answers: QuoteAnswers,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Tags with the number of their quotes, by name' })
  @ApiCachedRead(tagPageSchema)
  list(
    @Query({ schema: listTagsQuery }) query: z.output<typeof listTagsQuery>,
    @Res() reply: FastifyReply,
  ): void | Promise<void> {
    return this.answers.send(reply, this.tags.list(query.limit, query.cursor?.[0]));
  }
}
