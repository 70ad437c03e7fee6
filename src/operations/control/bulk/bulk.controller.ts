import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiProblems, noQuery } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import {
  bulkCountSchema,
  bulkOperationSchema,
  bulkRetryBody,
  bulkRevokeBody,
  selectionOf,
} from './bulk.dto.js';
import type { BulkOperation } from './bulk-operation.js';
import { BulkOperations, type BulkRequest } from './bulk-operations.js';
import { BulkProgress } from './bulk-progress.js';

type Answer = BulkOperation | z.output<typeof bulkCountSchema>;

const BEGUN = 'Begun in the background; Location has the URL of its progress';
const COUNTED = 'On how many tasks it would act';

/** What is done to many tasks. */
@ApiTags('operations')
@Controller('api/v1/ops')
export class BulkController {
  constructor(
    private readonly operations: BulkOperations,
    private readonly progress: BulkProgress,
  ) {}

  @Post('tasks/bulk/revoke')
  @HttpCode(202)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Take back all tasks of a list or a query that have not ended' })
  @ApiAcceptedResponse({ standardSchema: bulkOperationSchema, description: BEGUN })
  @ApiOkResponse({ standardSchema: bulkCountSchema, description: COUNTED })
  @ApiProblems(400, 413, 415, 429, 503)
  revoke(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: bulkRevokeBody }) body: z.output<typeof bulkRevokeBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer> {
    const { dryRun, terminate } = body;
    return this.answer({ action: 'revoke', selection: selectionOf(body), terminate }, dryRun, request, reply);
  }

  @Post('tasks/bulk/retry')
  @HttpCode(202)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Enqueue once more all tasks of a list or a query that have ended' })
  @ApiAcceptedResponse({ standardSchema: bulkOperationSchema, description: BEGUN })
  @ApiOkResponse({ standardSchema: bulkCountSchema, description: COUNTED })
  @ApiProblems(400, 413, 415, 429, 503)
  retry(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: bulkRetryBody }) body: z.output<typeof bulkRetryBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer> {
    return this.answer(
      { action: 'retry', selection: selectionOf(body), terminate: false },
      body.dryRun,
      request,
      reply,
    );
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

  private async answer(
    asked: BulkRequest,
    dryRun: boolean,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Answer> {
    if (dryRun) {
      const counted = await this.operations.count(asked);
      request.auditDetail = `dry run, ${counted.count} tasks`;
      reply.status(200);
      return { dryRun: true, ...counted };
    }
    const author = { keyId: request.principal?.keyId ?? '', requestId: request.id };
    const operation = await this.operations.begin(asked, author);
    request.auditDetail = `bulk operation ${operation.id} begun, ${operation.total} tasks`;
    reply.header('Location', `/api/v1/ops/bulk/${operation.id}`);
    return operation;
  }
}
