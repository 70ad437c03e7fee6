import { Module } from '@nestjs/common';
import { HealthDetailsController } from './health-details.controller.js';
import { HealthModule } from './health.module.js';

/** Health with its details, for modes in which it is known who asks. */
@Module({ imports: [HealthModule], controllers: [HealthDetailsController] })
export class HealthHttpModule {}
