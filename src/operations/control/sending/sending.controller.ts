import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiProblems, noQuery } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { TaskCatalogue, TaskLimits } from '../../../platform/queues/index.js';
import { toTaskDetailDto } from '../tasks/task.dto.js';
import { type SendTask, sendTaskBody, sentTaskSchema, taskTypesSchema } from './sending.dto.js';
import { TaskSender } from './task-sender.js';

/** Which tasks there are, and sending one by hand. */
@ApiTags('operations')
@Controller('api/v1/ops')
export class SendingController {
  constructor(
    private readonly catalogue: TaskCatalogue,
    private readonly limits: TaskLimits,
    private readonly sender: TaskSender,
  ) {}

  @Get('task-types')
  @RequiresRole('viewer')
  @ApiOperation({
    summary: 'The tasks that this release knows, and the limits that operators have set for them',
  })
  @ApiOkResponse({ standardSchema: taskTypesSchema })
  @ApiProblems(400, 429, 503)
  async types(@Query({ schema: noQuery }) _query: object): Promise<z.output<typeof taskTypesSchema>> {
    const { rates, times } = await this.limits.all();
    const items = this.catalogue.all().map((definition) => {
      const {
        name,
        queue,
        version,
        attempts,
        backoff,
        deadlineMs,
        isolated,
        critical = false,
        schema,
      } = definition;
      return {
        name,
        queue,
        version,
        attempts,
        backoff,
        deadlineMs,
        isolated: isolated !== undefined,
        critical,
        payload: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
        rateLimit: rates.get(name) ?? null,
        timeLimit: times.get(name) ?? null,
      };
    });
    return { items };
  }

  @Post('tasks')
  @HttpCode(202)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Enqueue a task by its name, and wait for its end if that is asked for' })
  @ApiAcceptedResponse({ standardSchema: sentTaskSchema, description: 'Location has the URL of the task' })
  @ApiProblems(400, 413, 415, 429, 503)
  async send(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: sendTaskBody }) body: SendTask,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof sentTaskSchema>> {
    const { id, created } = await this.sender.send(body);
    request.auditDetail = created ? `1 task enqueued: ${id}` : `0 tasks enqueued: ${id} is there already`;
    reply.header('Location', `/api/v1/ops/tasks/${id}`);
    const detail = await this.sender.ended(id, body.waitSeconds);
    return { id, created, task: detail ? toTaskDetailDto(detail) : null };
  }
}
