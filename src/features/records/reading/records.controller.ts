import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { noQuery } from '../../../core/http/index.js';
import { ApiCachedRead, DocumentAnswers } from '../../../platform/caching/index.js';
import { ThrottledAs } from '../../../platform/throttling/index.js';
import { DataAges, sourceSlug } from '../../sources/index.js';
import {
  listRecordChangesQuery,
  listRecordsQuery,
  recordChangePageSchema,
  recordId,
  recordPageSchema,
  recordSchema,
} from './record.dto.js';
import { RecordReader } from './record.reader.js';

@ApiTags('records')
@Controller('api/v1/sources/:slug/records')
export class RecordsController {
  constructor(
    private readonly records: RecordReader,
    private readonly answers: DocumentAnswers,
    private readonly ages: DataAges,
  ) {}

  @Get()
  @ThrottledAs('search', { whenQuery: 'where' })
  @ApiOperation({ summary: 'Records of a source, newest first; with `since` in the order of their changes' })
  @ApiCachedRead(recordPageSchema, 404)
  list(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Query({ schema: listRecordsQuery }) query: z.output<typeof listRecordsQuery>,
    @Res() reply: FastifyReply,
  ): void | Promise<void> {
    this.ages.show(reply, slug);
    return this.answers.send(reply, this.records.list(slug, query));
  }

  @Get(':id')
  @ApiOperation({ summary: 'One record' })
  @ApiCachedRead(recordSchema, 404)
  get(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Param('id', { schema: recordId }) id: number,
    @Query({ schema: noQuery }) _query: object,
    @Res() reply: FastifyReply,
  ): void | Promise<void> {
    this.ages.show(reply, slug);
    return this.answers.send(reply, this.records.get(slug, id));
  }

  @Get(':id/changes')
  @ApiOperation({
    summary: 'What runs have changed of a record, newest first; empty for kinds without history',
  })
  @ApiCachedRead(recordChangePageSchema, 404)
  changes(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Param('id', { schema: recordId }) id: number,
    @Query({ schema: listRecordChangesQuery }) query: z.output<typeof listRecordChangesQuery>,
    @Res() reply: FastifyReply,
  ): void | Promise<void> {
    this.ages.show(reply, slug);
    return this.answers.send(reply, this.records.changes(slug, id, query.limit, query.cursor?.[0]));
  }
}
