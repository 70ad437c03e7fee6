import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiProblems, noQuery } from '../../../core/http/index.js';
import { AlertList, Rules, TestFire } from '../../../platform/alerting/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { type RuleDto, ruleListSchema, ruleName, testBody, testSchema, toRuleDto } from './alert.dto.js';

/** When there is an alert, and whether anybody would be told. */
@ApiTags('operations')
@Controller('api/v1/ops/alert-rules')
export class AlertRulesController {
  constructor(
    private readonly rules: Rules,
    private readonly alerts: AlertList,
    private readonly tests: TestFire,
  ) {}

  @Get()
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'All rules that hold here, and how many alerts there are of each' })
  @ApiOkResponse({ standardSchema: ruleListSchema })
  @ApiProblems(400, 429, 503)
  async list(@Query({ schema: noQuery }) _query: object): Promise<{ items: RuleDto[] }> {
    const open = await this.alerts.openByRule();
    return { items: this.rules.all.map((rule) => toRuleDto(rule, open.get(rule.name))) };
  }

  @Post(':name/test')
  @HttpCode(200)
  @RequiresRole('operator')
  @ApiOperation({
    summary: 'Tell every channel of an alert that there is not, now, and see whether it arrives',
  })
  @ApiOkResponse({ standardSchema: testSchema })
  @ApiProblems(400, 404, 413, 415, 429, 503)
  async test(
    @Param('name', { schema: ruleName }) name: string,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: testBody }) { severity }: z.output<typeof testBody>,
    @Req() request: FastifyRequest,
  ): Promise<z.output<typeof testSchema>> {
    const items = await this.tests.fire(name, severity);
    request.auditDetail = items.map(({ channel, result }) => `${channel} ${result}`).join(', ');
    return { items };
  }
}
