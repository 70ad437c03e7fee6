import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { ApiProblems, noQuery } from '../../../core/http/index.js';
import { ApiCachedRead } from '../../../platform/caching/index.js';
import { ThrottledAs } from '../../../platform/throttling/index.js';
import { listQuotesQuery, type QuoteDto, quoteId, quotePageSchema, quoteSchema } from './quote.dto.js';
import { QuoteAnswers } from './quote-answers.js';
import { QuoteReader } from './quote.reader.js';

@ApiTags('quotes')
@Controller('api/v1/quotes')
export class QuotesController {
  constructor(
    private readonly quotes: QuoteReader,
    private readonly answers: QuoteAnswers,
  ) {}

  @Get()
  @ThrottledAs('search', { whenQuery: 'q' })
  @ApiOperation({ summary: 'Quotes, newest first' })
  @ApiCachedRead(quotePageSchema)
  list(
    @Query({ schema: listQuotesQuery }) query: z.output<typeof listQuotesQuery>,
    @Res() reply: FastifyReply,
  ): void | Promise<void> {
    return this.answers.send(reply, this.quotes.list(query));
  }

  @Get('random')
  @ApiOperation({ summary: 'Some quote' })
  @ApiOkResponse({ standardSchema: quoteSchema })
  @ApiProblems(400, 404, 429, 503)
  async random(
    @Query({ schema: noQuery }) _query: object,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<QuoteDto> {
    this.answers.showAge(reply);
    return this.quotes.random();
  }

  @Get(':id')
  @ApiOperation({ summary: 'One quote' })
  @ApiCachedRead(quoteSchema, 404)
  get(
    @Param('id', { schema: quoteId }) id: number,
    @Query({ schema: noQuery }) _query: object,
    @Res() reply: FastifyReply,
  ): void | Promise<void> {
    return this.answers.send(reply, this.quotes.get(id));
  }
}
