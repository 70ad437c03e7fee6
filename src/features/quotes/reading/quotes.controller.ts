import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ApiProblems, noQuery, type Page } from '../../../core/http/index.js';
import { ThrottledAs } from '../../../platform/throttling/index.js';
import { listQuotesQuery, type QuoteDto, quoteId, quotePageSchema, quoteSchema } from './quote.dto.js';
import { QuoteReader } from './quote.reader.js';

@ApiTags('quotes')
@Controller('api/v1/quotes')
export class QuotesController {
  constructor(private readonly quotes: QuoteReader) {}

  @Get()
  @ThrottledAs('search', { whenQuery: 'q' })
  @ApiOperation({ summary: 'Quotes, newest first' })
  @ApiOkResponse({ standardSchema: quotePageSchema })
  @ApiProblems(400, 429)
  async list(
    @Query({ schema: listQuotesQuery }) query: z.output<typeof listQuotesQuery>,
  ): Promise<Page<QuoteDto>> {
    return this.quotes.list(query);
  }

  @Get('random')
  @ApiOperation({ summary: 'Some quote' })
  @ApiOkResponse({ standardSchema: quoteSchema })
  @ApiProblems(400, 404, 429)
  async random(@Query({ schema: noQuery }) _query: object): Promise<QuoteDto> {
    return this.quotes.random();
  }

  @Get(':id')
  @ApiOperation({ summary: 'One quote' })
  @ApiOkResponse({ standardSchema: quoteSchema })
  @ApiProblems(400, 404, 429)
  async get(
    @Param('id', { schema: quoteId }) id: number,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<QuoteDto> {
    return this.quotes.get(id);
  }
}
