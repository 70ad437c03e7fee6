import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiProblems, noQuery } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { bulkOperationSchema, bulkRetryBody, bulkRevokeBody, selectionOf } from './bulk.dto.js';
import { ApiBulkAnswers, type BulkAnswer, BulkAnswers } from './bulk-answers.js';
import type { BulkOperation } from './bulk-operation.js';
import { BulkProgress } from './bulk-progress.js';
import { TaskBulk } from './task-bulk.js';

/** What is done to many tasks. */
@ApiTags('operations')
@Controller('api/v1/ops')
export class BulkController {
  constructor(
    private readonly tasks: TaskBulk,
    private readonly answers: BulkAnswers,
    private readonly progress: BulkProgress,
  ) {}

  @Post('tasks/bulk/revoke')
  @HttpCode(202)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Take back all tasks of a list or a query that have not ended' })
  @ApiBulkAnswers()
  revoke(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: bulkRevokeBody }) body: z.output<typeof bulkRevokeBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BulkAnswer> {
    const { dryRun, terminate } = body;
    const work = this.tasks.workOf({ action: 'revoke', selection: selectionOf(body), terminate });
    return this.answers.answer(work, dryRun, request, reply);
  }

  @Post('tasks/bulk/retry')
  @HttpCode(202)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Enqueue once more all tasks of a list or a query that have ended' })
  @ApiBulkAnswers()
  retry(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: bulkRetryBody }) body: z.output<typeof bulkRetryBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BulkAnswer> {
    const work = this.tasks.workOf({ action: 'retry', selection: selectionOf(body), terminate: false });
    return this.answers.answer(work, body.dryRun, request, reply);
  }

  @Get('bulk/:id')
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'How far a bulk operation is, or how it ended; kept for a week' })
  @ApiOkResponse({ standardSchema: bulkOperationSchema })
  @ApiProblems(400, 404, 429, 503)
  get(
    @Param('id', { schema: z.uuid('expected the id of a bulk operation') }) id: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<BulkOperation> {
    return this.progress.load(id);
  }
}
