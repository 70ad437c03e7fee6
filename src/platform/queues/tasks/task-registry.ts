import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Task, type TaskDefinition, type TaskHandler } from './task.js';
import { TaskCatalogue } from './task-catalogue.js';

export interface RegisteredTask {
  definition: TaskDefinition;
  handler: TaskHandler;
}

/** The tasks that this process can run: every provider with `@Task`. */
@Injectable()
export class TaskRegistry implements OnModuleInit {
  private readonly tasks = new Map<string, RegisteredTask>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly catalogue: TaskCatalogue,
  ) {}

  onModuleInit(): void {
    for (const provider of this.discovery.getProviders({ metadataKey: Task.KEY })) {
      const definition = this.discovery.getMetadataByDecorator(Task, provider) as TaskDefinition;
      if (this.tasks.has(definition.name)) throw new Error(`the task "${definition.name}" has two handlers`);
      this.catalogue.add(definition);
      this.tasks.set(definition.name, { definition, handler: provider.instance as TaskHandler });
    }
  }

  get(name: string): RegisteredTask | undefined {
    return this.tasks.get(name);
  }

  all(): RegisteredTask[] {
    return [...this.tasks.values()];
  }

  names(): string[] {
    return [...this.tasks.keys()].sort();
  }
}
