import { Module } from '@nestjs/common';
import { RobotsTxt } from './robots-txt.js';
import { SharedRobots } from './shared-robots.js';

/** What sites ask of crawlers. */
@Module({ providers: [SharedRobots, RobotsTxt], exports: [RobotsTxt] })
export class RobotsModule {}
