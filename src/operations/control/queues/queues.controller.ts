import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiProblems, noQuery } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { QueueControl, type QueueName } from '../../../platform/queues/index.js';
import { Workers } from '../../../platform/workers/index.js';
import { noBody } from '../actions/action.dto.js';
import {
  drainBody,
  drainSchema,
  type QueueDto,
  queueListSchema,
  queueName,
  queueSchema,
  toQueueDto,
} from './queue.dto.js';
import { QueueDrain } from './queue-drain.js';
import { QueueRates } from './queue-rates.js';

type Drained = z.output<typeof drainSchema>;

/** The queues, and what is done to the whole of one. */
@ApiTags('operations')
@Controller('api/v1/ops/queues')
export class QueuesController {
  constructor(
    private readonly queues: QueueControl,
    private readonly rates: QueueRates,
    private readonly workers: Workers,
    private readonly drains: QueueDrain,
  ) {}

  @Get()
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'All queues, the most urgent first' })
  @ApiOkResponse({ standardSchema: queueListSchema })
  @ApiProblems(400, 429, 503)
  async list(@Query({ schema: noQuery }) _query: object): Promise<{ items: QueueDto[] }> {
    const [states, [rates, consumers]] = await Promise.all([this.queues.states(), this.activity()]);
    return {
      items: states.map((state) => toQueueDto(state, rates.get(state.name), consumers.get(state.name))),
    };
  }

  @Get(':name')
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'One queue' })
  @ApiOkResponse({ standardSchema: queueSchema })
  @ApiProblems(400, 429, 503)
  async get(
    @Param('name', { schema: queueName }) name: QueueName,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<QueueDto> {
    return this.dtoOf(name);
  }

  @Post(':name/pause')
  @HttpCode(200)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Let workers take nothing more from a queue; what runs goes on' })
  @ApiOkResponse({ standardSchema: queueSchema })
  @ApiProblems(400, 413, 415, 429, 503)
  async pause(
    @Param('name', { schema: queueName }) name: QueueName,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: noBody }) _body: object,
    @Req() request: FastifyRequest,
  ): Promise<QueueDto> {
    await this.queues.pause(name);
    const dto = await this.dtoOf(name);
    request.auditDetail = `paused, ${dto.waiting} tasks wait`;
    return dto;
  }

  @Post(':name/resume')
  @HttpCode(200)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Let workers take from a queue again' })
  @ApiOkResponse({ standardSchema: queueSchema })
  @ApiProblems(400, 413, 415, 429, 503)
  async resume(
    @Param('name', { schema: queueName }) name: QueueName,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: noBody }) _body: object,
    @Req() request: FastifyRequest,
  ): Promise<QueueDto> {
    await this.queues.resume(name);
    const dto = await this.dtoOf(name);
    request.auditDetail = `resumed, ${dto.waiting} tasks wait`;
    return dto;
  }

  @Post(':name/drain')
  @HttpCode(200)
  @RequiresRole('admin')
  @ApiOperation({
    summary: 'Revoke all tasks that wait in a queue: without a token only tells how many; with it, does it',
  })
  @ApiOkResponse({ standardSchema: drainSchema })
  @ApiProblems(400, 409, 413, 415, 429, 503)
  async drain(
    @Param('name', { schema: queueName }) name: QueueName,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: drainBody }) body: z.output<typeof drainBody>,
    @Req() request: FastifyRequest,
  ): Promise<Drained> {
    const keyId = request.principal?.keyId ?? '';
    if (body.token === undefined) {
      const { token, count } = await this.drains.offer(name, keyId);
      request.auditDetail = `asked for, ${count} tasks wait`;
      return { drained: 0, remaining: count, token };
    }
    const { drained, remaining } = await this.drains.confirm(name, keyId, body.token);
    request.auditDetail = `${drained} tasks revoked, ${remaining} wait`;
    return { drained, remaining, token: null };
  }

  private async dtoOf(name: QueueName): Promise<QueueDto> {
    const [state, [rates, consumers]] = await Promise.all([this.queues.state(name), this.activity()]);
    return toQueueDto(state, rates.get(name), consumers.get(name));
  }

  /** Of all queues. */
  private async activity() {
    return Promise.all([this.rates.all(), this.workers.consumers()]);
  }
}
