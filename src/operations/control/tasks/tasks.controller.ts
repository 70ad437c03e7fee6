import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { sendExport, stillAtWork } from '../../../core/exporting/index.js';
import { ApiProblems, cursorOf, noQuery, type Page } from '../../../core/http/index.js';
import {
  TaskHistory,
  parseQuery,
  ALL_COLUMNS,
  USUAL_COLUMNS,
  TaskFinder,
} from '../../../platform/history/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { negotiateEncoding } from '../../../platform/caching/index.js';
import { ThrottledAs } from '../../../platform/throttling/index.js';
import { TaskExporter } from './task-exporter.js';
import {
  countTasksQuery,
  exportTasksQuery,
  listTasksQuery,
  longRunningQuery,
  longRunningSchema,
  taskCountSchema,
  type TaskDetailDto,
  taskDetailSchema,
  type TaskDto,
  taskId,
  type TaskItem,
  taskPageSchema,
  toSort,
  toTaskDetailDto,
  toTaskItem,
} from './task.dto.js';
import { LongRunning } from './long-running.js';

const text = { schema: { type: 'string' as const } };

/** What is known of tasks, as the history has it. */
@ApiTags('operations')
@Controller('api/v1/ops/tasks')
export class TasksController {
  constructor(
    private readonly finder: TaskFinder,
    private readonly history: TaskHistory,
    private readonly longRunningTasks: LongRunning,
    private readonly exporter: TaskExporter,
  ) {}

  @Get()
  @RequiresRole('viewer')
  @ApiOperation({
    summary: 'Tasks by a query, newest first; a page can be short, and only nextCursor null is the end',
  })
  @ApiOkResponse({ standardSchema: taskPageSchema })
  @ApiProblems(400, 429, 503)
  async list(
    @Query({ schema: listTasksQuery }) query: z.output<typeof listTasksQuery>,
  ): Promise<Page<TaskItem>> {
    const list = await this.finder.plan(parseQuery(query.query), toSort(query.sort));
    const after = query.cursor && { time: query.cursor[0], id: query.cursor[1] };
    const { rows, next } = await this.finder.read(list, query.columns ?? USUAL_COLUMNS, query.limit, after);
    return { items: rows.map(toTaskItem), nextCursor: next ? cursorOf([next.time, next.id]) : null };
  }

  @Get('count')
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'How many tasks meet a query, up to 100000' })
  @ApiOkResponse({ standardSchema: taskCountSchema })
  @ApiProblems(400, 429, 503)
  async count(
    @Query({ schema: countTasksQuery }) { query }: z.output<typeof countTasksQuery>,
  ): Promise<z.output<typeof taskCountSchema>> {
    return this.finder.count(parseQuery(query));
  }

  @Get('export')
  @RequiresRole('viewer')
  @ThrottledAs('search')
  @ApiOperation({
    summary: 'All tasks that meet a query, newest first, as one stream; it breaks off when it is not whole',
  })
  @ApiOkResponse({
    description: 'A task a line',
    content: { 'application/x-ndjson': text, 'text/csv': text },
  })
  @ApiProblems(400, 429, 503)
  async export(
    @Query({ schema: exportTasksQuery }) query: z.output<typeof exportTasksQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { format, columns = ALL_COLUMNS } = query;
    const { stream, mediaType } = await this.exporter.begin(parseQuery(query.query), columns, format, () =>
      stillAtWork(reply),
    );
    const encoding = negotiateEncoding(reply.request.headers['accept-encoding']);
    sendExport(reply, { stream, mediaType, encoding, fileName: `tasks.${format}` });
  }

  @Get('long-running')
  @RequiresRole('viewer')
  @ApiOperation({
    summary: 'Tasks that have run for longer than `over` seconds, the longest first; up to 100',
  })
  @ApiOkResponse({ standardSchema: longRunningSchema })
  @ApiProblems(400, 429, 503)
  async longRunning(
    @Query({ schema: longRunningQuery }) { over }: z.output<typeof longRunningQuery>,
  ): Promise<{ items: TaskDto[] }> {
    return { items: await this.longRunningTasks.over(over) };
  }

  @Get(':id')
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'One task with its attempts, timeline, log and the tasks that it has enqueued' })
  @ApiOkResponse({ standardSchema: taskDetailSchema })
  @ApiProblems(400, 404, 429, 503)
  async get(
    @Param('id', { schema: taskId }) id: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<TaskDetailDto> {
    return toTaskDetailDto(await this.history.get(id));
  }
}
