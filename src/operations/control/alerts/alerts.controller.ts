import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ApiProblems, noQuery, type Page, toPage } from '../../../core/http/index.js';
import { AlertList } from '../../../platform/alerting/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import {
  type AlertDetailDto,
  alertDetailSchema,
  type AlertDto,
  alertId,
  alertPageSchema,
  listAlertsQuery,
  toAlertDetailDto,
  toAlertDto,
} from './alert.dto.js';

/** What is wrong, and what was. */
@ApiTags('operations')
@Controller('api/v1/ops/alerts')
export class AlertsController {
  constructor(private readonly alerts: AlertList) {}

  @Get()
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'Alerts, the latest first' })
  @ApiOkResponse({ standardSchema: alertPageSchema })
  @ApiProblems(400, 429, 503)
  async list(
    @Query({ schema: listAlertsQuery }) { limit, cursor, ...filter }: z.output<typeof listAlertsQuery>,
  ): Promise<Page<AlertDto>> {
    const alerts = await this.alerts.list(filter, limit + 1, cursor);
    return toPage(alerts, limit, ({ pendingSince, id }) => [pendingSince.toISOString(), id], toAlertDto);
  }

  @Get(':id')
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'One alert, with who was told of it' })
  @ApiOkResponse({ standardSchema: alertDetailSchema })
  @ApiProblems(400, 404, 429, 503)
  async get(
    @Param('id', { schema: alertId }) id: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<AlertDetailDto> {
    const { alert, deliveries } = await this.alerts.get(id);
    return toAlertDetailDto(alert, deliveries);
  }
}
