import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it, onTestFailed } from 'vitest';
import type { AlertMessage } from '../../src/platform/alerting/notifying/message.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { WebServer } from '../support/web-server.js';

let environment: TestEnvironment;
let web: WebServer;
let processes: GleanerProcess[];
let told: AlertMessage[];

beforeEach(async () => {
  web = await WebServer.start();
  told = [];
  web.answer = (request, response) => {
    void json(request).then((message) => {
      told.push(message as AlertMessage);
      response.end();
    });
  };
  environment = await createEnvironment({
    LOG_LEVEL: 'info',
    ALERT_WEBHOOK_URL: `${web.origin}/alerts`,
    ALERT_WEBHOOK_SECRET: `whsec_${'A'.repeat(32)}`,
  });
  processes = [];
  onTestFailed(() => console.log(processes.map(({ log }) => log).join('\n---\n')));
});
afterEach(async () => {
  for (const process of processes) process.kill('SIGKILL');
  await Promise.all(processes.map(async (process) => process.exit()));
  await web.close();
  await environment.dispose();
});

async function start(mode: string): Promise<GleanerProcess> {
  const process = GleanerProcess.spawn({ ...environment.env, MODE: mode });
  processes.push(process);
  await process.listening(60_000);
  return process;
}

const of = (rule: string): AlertMessage[] => told.filter((message) => message.rule === rule);
const untilTold = async (rule: string, kind: string): Promise<AlertMessage> =>
  eventually(
    `to be told that ${rule} is ${kind}`,
    async () => of(rule).find((message) => message.kind === kind),
    120_000,
  );

it('a killed worker, and then the killed scheduler that had noticed: people are told of each change once', async () => {
  const [worker] = await Promise.all([start('worker'), start('scheduler'), start('scheduler')]);
  await eventually('a first look at the rules', async () => {
    const [row] = await environment.query('SELECT 1 FROM alert_evaluator WHERE evaluated_at IS NOT NULL');
    return row;
  });
  worker.kill('SIGKILL');
  expect(await untilTold('WorkerLost', 'firing')).toMatchObject({
    severity: 'warning',
    alerts: [{ value: 1, summary: 'Workers that went away without saying so: 1.' }],
  });
  const [holder] = await environment.query<{ pid: number }>(
    `SELECT split_part(holder, ':', 2)::int AS pid FROM alert_evaluator`,
  );
  const evaluator = processes.find((process) => process.pid === holder?.pid);
  expect(evaluator).toBeDefined();
  evaluator?.kill('SIGKILL');
  // Pending by then, it is told of by the other one.
  expect(await untilTold('WorkersBelowExpected', 'firing')).toMatchObject({ severity: 'critical' });
  await start('worker');
  await untilTold('WorkersBelowExpected', 'resolved');
  expect(of('WorkersBelowExpected').map(({ kind }) => kind)).toEqual(['firing', 'resolved']);
  expect(of('WorkerLost').filter(({ kind }) => kind === 'firing')).toHaveLength(1);
}, 300_000);
