import { Module } from '@nestjs/common';
import { AlertingModule } from './alerting.module.js';
import { ErrorMonitor } from './errors/error-monitor.js';
import { Sampler } from './windows/sampler.js';
import { WindowStore } from './windows/window-store.js';

/** Loaded by every mode that lasts: telling the others what happens in this process. */
@Module({ imports: [AlertingModule], providers: [WindowStore, Sampler, ErrorMonitor] })
export class AlertingReportingModule {}
