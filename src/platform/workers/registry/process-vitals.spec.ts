import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { ProcessVitals } from './process-vitals.js';

let vitals: ProcessVitals;
beforeEach(() => (vitals = new ProcessVitals()));
afterEach(() => vitals.onApplicationShutdown());

function burn(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('what a process uses', () => {
  it('shows a blocked event loop, until it is measured again', async () => {
    await delay(20);
    burn(200);
    await delay(20);
    vitals.renew();
    expect(vitals.last.eventLoopLagMs).toBeGreaterThan(100);
    vitals.renew();
    expect(vitals.last.eventLoopLagMs).toBe(0);
  });

  it('is the share of a core since it was last measured', () => {
    vitals.renew();
    const since = performance.now();
    const before = process.cpuUsage();
    while (process.cpuUsage(before).user < 200_000) burn(1);
    vitals.renew();
    // A machine that does other things meanwhile makes it less, by as much as it takes longer.
    expect(vitals.last.cpu).toBeGreaterThan(190 / (performance.now() - since));
    expect(vitals.last.cpu).toBeLessThan(availableParallelism() + 1);
    expect(vitals.last.rssBytes).toBeGreaterThan(10_000_000);
  });
});
