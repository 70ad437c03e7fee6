// The compiled application in the mode that MODE names, and a task whose handler asks for a run.
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { z } from 'zod';

const { start } = await import('../../dist/app/start.js');
const { declareTasks, defineTask, Task } = await import('../../dist/platform/queues/index.js');
const { RunStarter, ScrapingModule } = await import('../../dist/features/scraping/index.js');
const { SourceService, SourcesModule } = await import('../../dist/features/sources/index.js');

const runSource = defineTask({
  name: 'test.run-source',
  queue: 'default',
  version: 1,
  schema: z.object({ slug: z.string() }),
  attempts: 1,
  backoff: { baseMs: 100, maxMs: 100 },
  deadlineMs: 10_000,
});

class RunSource {
  constructor(runs, sources) {
    this.runs = runs;
    this.sources = sources;
  }

  async handle({ slug }) {
    return { runId: await this.runs.start(await this.sources.bySlug(slug)) };
  }
}
Reflect.defineMetadata('design:paramtypes', [RunStarter, SourceService], RunSource);
Injectable()(RunSource);
Task(runSource)(RunSource);

function RunByTaskModule() {}
// As in the application itself: an API process knows which tasks there are, and a worker runs them.
Module(
  process.env.MODE === 'api'
    ? { imports: [declareTasks(runSource)] }
    : { imports: [ScrapingModule, SourcesModule], providers: [RunSource] },
)(RunByTaskModule);

await start([RunByTaskModule]);
