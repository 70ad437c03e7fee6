import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ApiProblems, cursorOf, noQuery, type Page } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { DeadLetters } from '../../../platform/history/index.js';
import {
  type DeadLetterDetailDto,
  type DeadLetterDto,
  type DeadLetterGroupDto,
  groupListSchema,
  letterDetailSchema,
  letterId,
  letterPageSchema,
  listGroupsQuery,
  listLettersQuery,
  toFilter,
  toGroupDto,
  toLetterDetailDto,
  toLetterDto,
} from './dead-letter.dto.js';

/** What has failed for good. */
@ApiTags('operations')
@Controller('api/v1/ops/dead-letters')
export class DeadLettersController {
  constructor(private readonly letters: DeadLetters) {}

  @Get()
  @RequiresRole('viewer')
  @ApiOperation({
    summary:
      'Tasks that failed for good, the latest first; a page can be short, and only nextCursor null is the end',
  })
  @ApiOkResponse({ standardSchema: letterPageSchema })
  @ApiProblems(400, 429, 503)
  async list(
    @Query({ schema: listLettersQuery }) query: z.output<typeof listLettersQuery>,
  ): Promise<Page<DeadLetterDto>> {
    const { letters, next } = await this.letters.list(toFilter(query), query.limit, query.cursor);
    return {
      items: letters.map(toLetterDto),
      nextCursor: next ? cursorOf([new Date(next[0]).toISOString(), next[1]]) : null,
    };
  }

  @Get('groups')
  @RequiresRole('viewer')
  @ApiOperation({
    summary: 'Dead letters by errors that are the same but for details, the largest group first; up to 200',
  })
  @ApiOkResponse({ standardSchema: groupListSchema })
  @ApiProblems(400, 429, 503)
  async groups(
    @Query({ schema: listGroupsQuery }) query: z.output<typeof listGroupsQuery>,
  ): Promise<{ items: DeadLetterGroupDto[] }> {
    return { items: (await this.letters.groups(toFilter(query))).map(toGroupDto) };
  }

  @Get(':id')
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'One dead letter, with the trace of its error' })
  @ApiOkResponse({ standardSchema: letterDetailSchema })
  @ApiProblems(400, 404, 429, 503)
  async get(
    @Param('id', { schema: letterId }) id: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<DeadLetterDetailDto> {
    return toLetterDetailDto(await this.letters.get(id));
  }
}
