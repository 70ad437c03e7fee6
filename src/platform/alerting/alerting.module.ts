import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AlertGauges, AlertingMetrics, alertingMetricProviders } from './alerting.metrics.js';
import { ErrorGroups } from './errors/error-groups.js';
import { AlertNotification } from './notifying/alert-notification.entity.js';
import { channelsProvider } from './notifying/channels/channels.provider.js';
import { TestFire } from './notifying/test-fire.js';
import { Rules } from './rules/rules.js';
import { AlertSilence } from './silences/alert-silence.entity.js';
import { Silences } from './silences/silences.js';
import { Alert } from './states/alert.entity.js';
import { AlertEvaluatorLease } from './states/alert-evaluator.entity.js';
import { AlertList } from './states/alert-list.js';

/** Seeing alerts and silencing them, from any process. */
@Module({
  imports: [TypeOrmModule.forFeature([Alert, AlertSilence, AlertNotification, AlertEvaluatorLease])],
  providers: [
    Rules,
    AlertList,
    Silences,
    TestFire,
    ErrorGroups,
    channelsProvider,
    AlertingMetrics,
    AlertGauges,
    ...alertingMetricProviders,
  ],
  exports: [Rules, AlertList, Silences, TestFire, ErrorGroups, AlertingMetrics, channelsProvider],
})
export class AlertingModule {}
