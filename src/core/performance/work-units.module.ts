import { Global, Module } from '@nestjs/common';
import { timedMethodProviders } from './timed.js';
import { Timings } from './timings.js';
import { workUnitMetricProviders } from './work-units.metrics.js';
import { WorkUnits } from './work-units.js';

/** What each piece of work costs: everything that is measured stands on it, the database first. */
@Global()
@Module({
  providers: [...workUnitMetricProviders, ...timedMethodProviders, Timings, WorkUnits],
  exports: [Timings, WorkUnits],
})
export class WorkUnitsModule {}
