import 'reflect-metadata';
import { Injectable, Module, type Type } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { type Spider, SpiderFor } from './spider.js';
import { SpiderRegistry } from './spider-registry.js';

abstract class Idle implements Spider {
  readonly pipeline = undefined as never;
  version = (): string => '1';
  startRequests = (): [] => [];
  parse = (): [] => [];
  describe = () => ({ kind: 'item', fields: {} });
}

@Injectable()
@SpiderFor('spec-one')
class One extends Idle {}

@Injectable()
@SpiderFor('spec-two')
class Two extends Idle {}

@Injectable()
@SpiderFor('spec-one')
class OneAgain extends Idle {}

async function registryWith(...providers: Type[]): Promise<SpiderRegistry> {
  @Module({ imports: [DiscoveryModule], providers: [SpiderRegistry, ...providers] })
  class Root {}
  const context = await NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
  const registry = context.get(SpiderRegistry);
  await context.close();
  return registry;
}

describe('the registry of spiders', () => {
  it('finds every spider that is declared, by its name', async () => {
    const registry = await registryWith(One, Two);
    expect(registry.get('spec-one')).toBeInstanceOf(One);
    expect(registry.get('spec-two')).toBeInstanceOf(Two);
  });

  it('says which spiders there are when one is not', async () => {
    const registry = await registryWith(One, Two);
    expect(() => registry.get('spec-three')).toThrow(
      'There is no spider "spec-three"; known are: spec-one, spec-two.',
    );
  });

  it('refuses two spiders of one name', async () => {
    await expect(registryWith(One, OneAgain)).rejects.toThrow('the spider "spec-one" is declared twice');
  });
});
