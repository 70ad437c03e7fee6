import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ApiProblems, noQuery, type Page } from '../../../core/http/index.js';
import { AuthorReader } from './author.reader.js';
import {
  type AuthorDto,
  authorPageSchema,
  authorSchema,
  authorSlug,
  listAuthorQuotesQuery,
  listAuthorsQuery,
  type QuoteDto,
  quotePageSchema,
} from './quote.dto.js';
import { QuoteReader } from './quote.reader.js';

@ApiTags('authors')
@Controller('api/v1/authors')
export class AuthorsController {
  constructor(
    private readonly authors: AuthorReader,
    private readonly quotes: QuoteReader,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Authors, by slug' })
  @ApiOkResponse({ standardSchema: authorPageSchema })
  @ApiProblems(400, 429)
  async list(
    @Query({ schema: listAuthorsQuery }) query: z.output<typeof listAuthorsQuery>,
  ): Promise<Page<AuthorDto>> {
    return this.authors.list(query.limit, query.cursor?.[0]);
  }

  @Get(':slug')
  @ApiOperation({ summary: 'One author' })
  @ApiOkResponse({ standardSchema: authorSchema })
  @ApiProblems(400, 404, 429)
  async get(
    @Param('slug', { schema: authorSlug }) slug: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<AuthorDto> {
    return this.authors.get(slug);
  }

  @Get(':slug/quotes')
  @ApiOperation({ summary: 'Quotes of one author, newest first' })
  @ApiOkResponse({ standardSchema: quotePageSchema })
  @ApiProblems(400, 404, 429)
  async quotesOf(
    @Param('slug', { schema: authorSlug }) slug: string,
    @Query({ schema: listAuthorQuotesQuery }) query: z.output<typeof listAuthorQuotesQuery>,
  ): Promise<Page<QuoteDto>> {
    await this.authors.get(slug);
    return this.quotes.list({ ...query, author: slug });
  }
}
