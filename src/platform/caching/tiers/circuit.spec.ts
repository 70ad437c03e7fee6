import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Circuit, CircuitOpenError } from './circuit.js';
import { DeadlineError } from '../../../core/deadline/index.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate'] }));
afterEach(() => vi.useRealTimers());

const fails = async (): Promise<never> => {
  throw new Error('connection lost');
};
const hangs = async (): Promise<never> => new Promise(() => {});
const works = async (): Promise<string> => 'ok';

async function opened(): Promise<Circuit> {
  const circuit = new Circuit(100);
  for (let n = 0; n < 3; n++) await circuit.run(fails).catch(() => undefined);
  return circuit;
}

describe('the circuit', () => {
  it('opens after three failures in a row, and then asks nobody', async () => {
    const circuit = new Circuit(100);
    for (let n = 0; n < 2; n++) await expect(circuit.run(fails)).rejects.toThrow('connection lost');
    await circuit.run(works);
    for (let n = 0; n < 3; n++) {
      expect(circuit.isOpen).toBe(false);
      await expect(circuit.run(fails)).rejects.toThrow('connection lost');
    }
    const call = vi.fn(works);
    await expect(circuit.run(call)).rejects.toBeInstanceOf(CircuitOpenError);
    expect(call).not.toHaveBeenCalled();
  });

  it('counts silence as failure, after the deadline', async () => {
    const circuit = new Circuit(100);
    const calls = [1, 2, 3].map(async () => circuit.run(hangs).catch((error: unknown) => error));
    await vi.advanceTimersByTimeAsync(99);
    expect(circuit.isOpen).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    expect(await Promise.all(calls)).toEqual([1, 2, 3].map(() => expect.any(DeadlineError)));
    expect(circuit.isOpen).toBe(true);
  });

  it('lets a probe through, and closes when it is answered', async () => {
    const circuit = await opened();
    await expect(circuit.run(fails, { probe: true })).rejects.toThrow('connection lost');
    expect(circuit.isOpen).toBe(true);
    expect(await circuit.run(works, { probe: true })).toBe('ok');
    expect(await circuit.run(works)).toBe('ok');
  });
});
