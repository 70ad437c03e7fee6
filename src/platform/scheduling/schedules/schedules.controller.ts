import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ApiProblems, noQuery, type Page, toPage } from '../../../core/http/index.js';
import {
  listSchedulesQuery,
  type ScheduleDto,
  scheduleName,
  schedulePageSchema,
  scheduleStateSchema,
  toScheduleDto,
} from './schedule.dto.js';
import { Schedules } from './schedules.js';

@ApiTags('schedules')
@Controller('api/v1/schedules')
export class SchedulesController {
  constructor(private readonly schedules: Schedules) {}

  @Get()
  @ApiOperation({ summary: 'All schedules, by name, each with its last and its next run' })
  @ApiOkResponse({ standardSchema: schedulePageSchema })
  @ApiProblems(400, 429, 503)
  async list(
    @Query({ schema: listSchedulesQuery }) query: z.output<typeof listSchedulesQuery>,
  ): Promise<Page<ScheduleDto>> {
    const rows = await this.schedules.list(query.limit + 1, query.cursor?.[0]);
    return toPage(rows, query.limit, (row) => [row.name], toScheduleDto);
  }

  @Get(':name')
  @ApiOperation({ summary: 'One schedule' })
  @ApiOkResponse({ standardSchema: scheduleStateSchema })
  @ApiProblems(400, 404, 429, 503)
  async get(
    @Param('name', { schema: scheduleName }) name: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<ScheduleDto> {
    return toScheduleDto(await this.schedules.get(name));
  }
}
