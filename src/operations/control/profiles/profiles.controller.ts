import { Body, Controller, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { sendExport } from '../../../core/exporting/index.js';
import { ApiProblems, noQuery } from '../../../core/http/index.js';
import { processId } from '../../../core/process/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { Profiler } from '../../../platform/performance/index.js';
import { WorkerProfiles } from '../../../platform/workers/index.js';
import { cpuProfileBody, heapSnapshotBody } from './profile.dto.js';
import { streamOf } from './profile-stream.js';

const file = (description: string) => ({
  description,
  content: { 'application/json': { schema: { type: 'object' as const } } },
});

/** What a process does, and what it holds, as files for the developer tools of Chrome. */
@ApiTags('operations')
@Controller('api/v1/ops/profiles')
export class ProfilesController {
  constructor(
    private readonly profiler: Profiler,
    private readonly workers: WorkerProfiles,
  ) {}

  @Post('cpu')
  @HttpCode(200)
  @RequiresRole('admin')
  @ApiOperation({
    summary: 'Sample where a process spends its time, for up to a minute; it ends when the client leaves',
  })
  @ApiOkResponse(file('A .cpuprofile'))
  @ApiProblems(400, 404, 409, 413, 415, 429, 503)
  async cpu(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: cpuProfileBody }) { seconds, worker }: z.output<typeof cpuProfileBody>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    request.auditDetail = `CPU profile of ${worker ?? processId}, ${seconds} s`;
    const gone = new AbortController();
    const { profile } =
      worker === undefined
        ? await this.profiler.cpu(seconds, gone.signal)
        : await this.workers.cpu(worker, seconds, gone.signal);
    send(reply, streamOf(profile, gone), `${nameOf(worker ?? processId)}.cpuprofile`);
  }

  @Post('heap')
  @HttpCode(200)
  @RequiresRole('admin')
  @ApiOperation({
    summary: 'All that the process that answers holds, secrets included; it stands still while that is made',
  })
  @ApiOkResponse(file('A .heapsnapshot'))
  @ApiProblems(400, 409, 413, 415, 429, 503)
  heap(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: heapSnapshotBody }) { reason }: z.output<typeof heapSnapshotBody>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): void {
    request.auditDetail = `heap snapshot of ${processId}: ${reason}`;
    send(reply, this.profiler.heap(), `${nameOf(processId)}.heapsnapshot`);
  }
}

/** Not compressed: that would take the process's time, and hide that it is still at work. */
function send(reply: FastifyReply, stream: Readable, fileName: string): void {
  sendExport(reply, { stream, mediaType: 'application/json', fileName, encoding: undefined });
}

const nameOf = (process: string): string => `gleaner-${process.replaceAll(/[^\w.-]/g, '_')}`;
