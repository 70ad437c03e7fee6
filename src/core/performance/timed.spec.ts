import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { Histogram, register } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Timed } from './timed.js';

const Marked =
  (key: string): MethodDecorator =>
  (_target, _name, descriptor) =>
    Reflect.defineMetadata(key, 'said', descriptor.value as object);

class Machine {
  constructor(readonly n: number) {}

  @Marked('above')
  @Timed()
  @Marked('below')
  add(other: number): number {
    if (other < 0) throw new RangeError('negative');
    return this.n + other;
  }

  @Timed()
  async wait(ms: number): Promise<string> {
    await delay(ms);
    if (ms === 1) throw new RangeError('too short');
    return 'waited';
  }
}

const machine = new Machine(1);

describe('@Timed', () => {
  beforeEach(() => {
    register.clear();
    void new Histogram({ name: 'gleaner_method_duration_seconds', help: 'x', labelNames: ['method'] });
  });
  afterEach(() => register.clear());

  const told = async (what: string, method: string): Promise<number> => {
    const name = `gleaner_method_duration_seconds_${what}`;
    const line = (await register.metrics())
      .split('\n')
      .find((each) => each.startsWith(`${name}{method="${method}"}`));
    return Number(line?.split(' ').at(-1) ?? 0);
  };

  it('changes nothing about a method, and counts its calls, also those that throw', async () => {
    expect(machine.add(2)).toBe(3);
    expect(() => machine.add(-1)).toThrow('negative');
    expect(machine.add.name).toBe('add');
    expect(await told('count', 'Machine.add')).toBe(2);
  });

  it('measures a promise until it is settled, either way', async () => {
    const waiting = machine.wait(20);
    expect(await told('count', 'Machine.wait')).toBe(0);
    expect(await waiting).toBe('waited');
    await expect(machine.wait(1)).rejects.toThrow('too short');
    expect(await told('count', 'Machine.wait')).toBe(2);
    expect(await told('sum', 'Machine.wait')).toBeGreaterThan(0.019);
  });

  it('keeps what other decorators say of the method', () => {
    const { value } = Object.getOwnPropertyDescriptor(Machine.prototype, 'add') as { value: object };
    expect(Reflect.getMetadata('above', value)).toBe('said');
    expect(Reflect.getMetadata('below', value)).toBe('said');
    expect(Reflect.getMetadata('design:returntype', machine, 'add')).toBe(Number);
  });

  it('does without metrics', () => {
    register.clear();
    expect(machine.add(1)).toBe(2);
  });
});
