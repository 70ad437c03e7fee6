/** `node noop-worker.ts`: the compiled application in the mode that MODE names, with a task that does nothing. */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { compiled } from './application.ts';
import { NOOP } from './noop-task.ts';

const { Task } = await compiled<{ Task: (task: object) => ClassDecorator }>('platform/queues/index.js');
const { start } = await compiled<{ start: (more: readonly unknown[]) => Promise<void> }>('app/start.js');

class Noop {
  async handle(): Promise<string> {
    return 'done';
  }
}
// Node strips types and knows no decorators.
Task(NOOP)(Noop);

function NoopModule(): void {}
Module({ providers: [Noop] })(NoopModule);

await start([NoopModule]);
