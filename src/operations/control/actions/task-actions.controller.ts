import { Body, Controller, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiProblems, noQuery } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { TaskActions } from '../../../platform/history/index.js';
import { taskId } from '../tasks/task.dto.js';
import { editBody, noBody, retriedSchema, revokeBody, revokedSchema } from './action.dto.js';

type Retried = z.output<typeof retriedSchema>;

/** What is done to one task. */
@ApiTags('operations')
@Controller('api/v1/ops/tasks/:id')
export class TaskActionsController {
  constructor(private readonly actions: TaskActions) {}

  @Post('revoke')
  @HttpCode(200)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Take a task back that has not ended, also one that runs; it never starts again' })
  @ApiOkResponse({ standardSchema: revokedSchema })
  @ApiProblems(400, 404, 409, 413, 415, 429, 503)
  async revoke(
    @Param('id', { schema: taskId }) id: string,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: revokeBody }) { terminate }: z.output<typeof revokeBody>,
    @Req() request: FastifyRequest,
  ): Promise<z.output<typeof revokedSchema>> {
    const revoked = await this.actions.revoke(id, terminate);
    request.auditDetail = `1 task revoked, which was ${revoked.was}`;
    return revoked;
  }

  @Post('retry')
  @HttpCode(202)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Enqueue a task that has ended once more, as it was, as a task of its own' })
  @ApiAcceptedResponse({ standardSchema: retriedSchema, description: 'Location has the URL of the new task' })
  @ApiProblems(400, 404, 409, 413, 415, 429, 503)
  async retry(
    @Param('id', { schema: taskId }) id: string,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: noBody }) _body: object,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Retried> {
    return answer(id, await this.actions.retry(id), request, reply);
  }

  @Post('edit-and-retry')
  @HttpCode(202)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Enqueue a task that has ended once more, with another payload' })
  @ApiAcceptedResponse({ standardSchema: retriedSchema, description: 'Location has the URL of the new task' })
  @ApiProblems(400, 404, 409, 413, 415, 429, 503)
  async editAndRetry(
    @Param('id', { schema: taskId }) id: string,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: editBody }) { payload }: z.output<typeof editBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Retried> {
    return answer(id, await this.actions.retry(id, { payload }), request, reply);
  }
}

function answer(
  retryOf: string,
  { id, created }: { id: string; created: boolean },
  request: FastifyRequest,
  reply: FastifyReply,
): Retried {
  request.auditDetail = created ? `1 task enqueued: ${id}` : `0 tasks enqueued: ${id} has the same key`;
  reply.header('Location', `/api/v1/ops/tasks/${id}`);
  return { id, created, retryOf };
}
