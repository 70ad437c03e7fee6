import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppLogger } from '../../src/core/logging/index.js';
import { ErrorMonitor } from '../../src/platform/alerting/errors/error-monitor.js';
import { ErrorGroups } from '../../src/platform/alerting/index.js';
import { AlertNode, alertsOf, messagesFor } from '../support/alert-node.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';

let environment: TestEnvironment;
let node: AlertNode;

beforeEach(async () => {
  environment = await createEnvironment({ LOG_LEVEL: 'error' });
});
afterEach(async () => {
  await node?.close();
  await environment?.dispose();
});

describe('errors that are logged', () => {
  it('are counted over all processes, and told of by kind when they are many', async () => {
    node = await AlertNode.start(environment.env);
    for (let n = 0; n < 4; n++) fail(`order ${n} is lost`);
    await node.close();
    node = await AlertNode.start(environment.env);
    for (let n = 0; n < 6; n++) fail(`order ${n + 10} is lost`);
    await reported();
    await node.evaluate();
    expect(await alertsOf(environment, 'ErrorBurst')).toEqual([]);
    fail('the bill is wrong');
    await reported();
    await node.evaluate();
    const [message] = await messagesFor(environment, 'log', 'ErrorBurst');
    expect(message).toMatchObject({ alerts: [{ value: 11 }] });
    expect(message?.details).toEqual([
      expect.stringMatching(/^10 × order 1\d is lost \(Shop\), fingerprint [\da-f]{16}$/),
      expect.stringMatching(/^1 × the bill is wrong \(Shop\), fingerprint [\da-f]{16}$/),
    ]);
  });

  it('of more kinds than can be told apart are told of together', async () => {
    node = await AlertNode.start(environment.env);
    for (let n = 0; n < 250; n++) fail(`strange ${'x'.repeat(n)} thing`);
    await reported();
    const groups = await node.get(ErrorGroups).recent(300);
    expect(groups).toHaveLength(201);
    expect(groups[0]).toMatchObject({ fingerprint: 'other', count: 50 });
  });

  const fail = (message: string): void => {
    node.get(AppLogger).error({ err: new Error(message) }, message, 'Shop');
  };
  const reported = async (): Promise<void> => node.get(ErrorMonitor).runOnce();
});
