import { Module } from '@nestjs/common';
import { AlertTrimmer } from './alert-trimmer.js';
import { AlertingModule } from './alerting.module.js';
import { Announcer } from './notifying/announcer.js';
import { Dispatcher } from './notifying/dispatcher.js';
import { Heartbeat } from './notifying/heartbeat.js';
import { AlertEvaluator } from './states/alert-evaluator.js';
import { AlertStates } from './states/alert-states.js';
import { EvaluatorLease } from './states/evaluator-lease.js';
import { ClusterMeasures } from './windows/cluster-measures.js';
import { WindowStore } from './windows/window-store.js';

/** Loaded by scheduler and all: evaluating rules, and telling people. */
@Module({
  imports: [AlertingModule],
  providers: [
    WindowStore,
    ClusterMeasures,
    EvaluatorLease,
    AlertStates,
    Announcer,
    AlertEvaluator,
    Dispatcher,
    Heartbeat,
    AlertTrimmer,
  ],
})
export class AlertingRunnerModule {}
