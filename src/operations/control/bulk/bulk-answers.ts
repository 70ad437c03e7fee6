import { applyDecorators, Injectable } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiProblems } from '../../../core/http/index.js';
import { bulkCountSchema, bulkOperationSchema } from './bulk.dto.js';
import type { BulkOperation } from './bulk-operation.js';
import { BulkOperations } from './bulk-operations.js';
import type { BulkWork } from './bulk-work.js';

export type BulkAnswer = BulkOperation | z.output<typeof bulkCountSchema>;

/** Documents the two answers, and the errors, of a route that begins a bulk operation. */
export function ApiBulkAnswers(): MethodDecorator {
  return applyDecorators(
    ApiAcceptedResponse({
      standardSchema: bulkOperationSchema,
      description: 'Begun in the background; Location has the URL of its progress',
    }),
    ApiOkResponse({ standardSchema: bulkCountSchema, description: 'On how many it would act' }),
    ApiProblems(400, 413, 415, 429, 503),
  );
}

/** Begins bulk operations for whoever asks over HTTP, or only tells how many it would be. */
@Injectable()
export class BulkAnswers {
  constructor(private readonly operations: BulkOperations) {}

  async answer(
    work: BulkWork,
    dryRun: boolean,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<BulkAnswer> {
    if (dryRun) {
      const counted = await work.count();
      request.auditDetail = `dry run, ${counted.count} to act on`;
      reply.status(200);
      return { dryRun: true, ...counted };
    }
    const author = { keyId: request.principal?.keyId ?? '', requestId: request.id };
    const operation = await this.operations.begin(work, author);
    request.auditDetail = `bulk operation ${operation.id} begun, ${operation.total} to act on`;
    reply.header('Location', `/api/v1/ops/bulk/${operation.id}`);
    return operation;
  }
}
