import { type DynamicModule, Inject, Injectable, Module } from '@nestjs/common';
import type { TaskDefinition } from './task.js';

/** The tasks that this release knows, whether or not this process runs them. */
@Injectable()
export class TaskCatalogue {
  private readonly tasks = new Map<string, TaskDefinition>();

  add(definition: TaskDefinition): void {
    const known = this.tasks.get(definition.name);
    if (known && known !== definition) throw new Error(`two tasks are called "${definition.name}"`);
    this.tasks.set(definition.name, definition);
  }

  get(name: string): TaskDefinition | undefined {
    return this.tasks.get(name);
  }

  /** By name. */
  all(): TaskDefinition[] {
    return [...this.tasks.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/**
 * For the services module of a feature: makes its tasks known in every mode, so that an operator who edits and repeats
 * one is told at once what is wrong with the payload.
 */
// A definition of any payload: what is done with it here does not depend on which.
// oxlint-disable-next-line typescript/no-explicit-any
export function declareTasks(...definitions: TaskDefinition<any>[]): DynamicModule {
  @Module({})
  class DeclaredTasks {
    constructor(@Inject(TaskCatalogue) catalogue: TaskCatalogue) {
      for (const definition of definitions) catalogue.add(definition);
    }
  }
  return { module: DeclaredTasks };
}
