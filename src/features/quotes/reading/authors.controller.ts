import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { noQuery } from '../../../core/http/index.js';
import { ApiCachedRead } from '../../../platform/caching/index.js';
import { QuoteAnswers } from './quote-answers.js';
import { AuthorReader } from './author.reader.js';
import {
  authorPageSchema,
  authorSchema,
  authorSlug,
  listAuthorQuotesQuery,
  listAuthorsQuery,
  quotePageSchema,
} from './quote.dto.js';
import { QuoteReader } from './quote.reader.js';

@ApiTags('authors')
@Controller('api/v1/authors')
export class AuthorsController {
  constructor(
    private readonly authors: AuthorReader,
    private readonly quotes: QuoteReader,
    private readonly answers: QuoteAnswers,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Authors, by slug' })
  @ApiCachedRead(authorPageSchema)
  list(
    @Query({ schema: listAuthorsQuery }) query: z.output<typeof listAuthorsQuery>,
    @Res() reply: FastifyReply,
  ): void | Promise<void> {
    return this.answers.send(reply, this.authors.list(query.limit, query.cursor?.[0]));
  }

  @Get(':slug')
  @ApiOperation({ summary: 'One author' })
  @ApiCachedRead(authorSchema, 404)
  get(
    @Param('slug', { schema: authorSlug }) slug: string,
    @Query({ schema: noQuery }) _query: object,
    @Res() reply: FastifyReply,
  ): void | Promise<void> {
    return this.answers.send(reply, this.authors.get(slug));
  }

  @Get(':slug/quotes')
  @ApiOperation({ summary: 'Quotes of one author, newest first' })
  @ApiCachedRead(quotePageSchema, 404)
  async quotesOf(
    @Param('slug', { schema: authorSlug }) slug: string,
    @Query({ schema: listAuthorQuotesQuery }) query: z.output<typeof listAuthorQuotesQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.authors.get(slug);
    await this.answers.send(reply, this.quotes.list({ ...query, author: slug }));
  }
}
