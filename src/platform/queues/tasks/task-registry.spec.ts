import 'reflect-metadata';
import { Injectable, Module, type Type } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { Task, type TaskHandler } from './task.js';
import { TaskCatalogue } from './task-catalogue.js';
import { TaskRegistry } from './task-registry.js';

@Injectable()
@Task({ name: 'spec.one' })
class One implements TaskHandler {
  handle = async (): Promise<unknown> => 'one';
}

@Injectable()
@Task({ name: 'spec.two' })
class Two implements TaskHandler {
  handle = async (): Promise<unknown> => 'two';
}

@Injectable()
@Task({ name: 'spec.one' })
class OneAgain extends One {}

async function registryWith(...providers: Type[]): Promise<TaskRegistry> {
  @Module({ imports: [DiscoveryModule], providers: [TaskRegistry, TaskCatalogue, ...providers] })
  class Root {}
  const context = await NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
  const registry = context.get(TaskRegistry);
  await context.close();
  return registry;
}

describe('the registry of tasks', () => {
  it('finds every handler that is declared, and nothing else', async () => {
    const registry = await registryWith(Two, One);
    expect(registry.names()).toEqual(['spec.one', 'spec.two']);
    expect(registry.get('spec.two')?.handler).toBeInstanceOf(Two);
    expect(registry.get('spec.one')?.definition.name).toBe('spec.one');
    expect(registry.get('constructor')).toBeUndefined();
  });

  it('refuses two handlers of one task', async () => {
    await expect(registryWith(One, OneAgain)).rejects.toThrow('the task "spec.one" has two handlers');
  });
});
