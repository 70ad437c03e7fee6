import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { TaskLab } from '../support/task-lab/task-lab.js';
import { bearer } from '../support/test-key.js';

/** Routes of Flower 2.0: https://github.com/mher/flower/blob/v2.0.0/flower/urls.py */
const FLOWER = [
  'GET /api/workers',
  'POST /api/worker/shutdown/{worker}',
  'POST /api/worker/pool/restart/{worker}',
  'POST /api/worker/pool/grow/{worker}',
  'POST /api/worker/pool/shrink/{worker}',
  'POST /api/worker/pool/autoscale/{worker}',
  'POST /api/worker/queue/add-consumer/{worker}',
  'POST /api/worker/queue/cancel-consumer/{worker}',
  'GET /api/tasks',
  'GET /api/task/types',
  'GET /api/queues/length',
  'GET /api/task/info/{task}',
  'POST /api/task/apply/{name}',
  'POST /api/task/async-apply/{name}',
  'POST /api/task/send-task/{name}',
  'GET /api/task/result/{task}',
  'POST /api/task/abort/{task}',
  'POST /api/task/timeout/{name}',
  'POST /api/task/rate-limit/{name}',
  'POST /api/task/revoke/{task}',
  'GET /metrics',
  'GET /healthcheck',
];

interface Row {
  theirs: string;
  method: string;
  path: string;
  body: string | null;
}

const rows: Row[] = readFileSync('docs/flower-parity.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| (?:GET|POST) /.test(line))
  .map((line) => {
    const [theirs = '', ours = '', body = ''] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const [method = '', path = ''] = ours.split(' ');
    return { theirs, method, path, body: body === '' ? null : body.replace(/^`|`$/g, '') };
  });

let lab: TaskLab;
let worker: string;

beforeAll(async () => {
  lab = await TaskLab.open();
  worker = await launch();
});
afterAll(async () => lab?.[Symbol.asyncDispose]());

/** @returns the id of a new worker. */
async function launch(): Promise<string> {
  const started = await lab.launch();
  return String(started.lines('worker takes tasks')[0]?.workerId);
}

describe('docs/flower-parity.md', () => {
  it("has every route of Flower's API", () => {
    const named = rows.map(({ theirs }) => theirs.split('?')[0]);
    expect(FLOWER.filter((route) => !named.includes(route))).toEqual([]);
    expect(named.filter((route) => !FLOWER.includes(route ?? ''))).toEqual([]);
  });

  it.each(rows)('has for $theirs: $method $path', async ({ method, path, body }) => {
    const eta = new Date(Date.now() + 3_600_000);
    const task = await lab.tasks.enqueue(labTasks.noop, {}, { eta });
    await expect
      .poll(async () => lab.environment.query('SELECT 1 FROM task WHERE id = $1', [task.id]))
      .toHaveLength(1);
    const url = lab.url + path.replace('{worker}', worker).replace('{task}', task.id);
    const headers = { ...bearer('admin'), ...(body !== null && { 'content-type': 'application/json' }) };
    const answer = await fetch(url, { method, headers, ...(body !== null && { body }) });
    const text = await answer.text();
    expect(answer.ok, `${answer.status} ${text}`).toBe(true);
    // Of a command: that the worker was reached, and did it.
    if (text.includes('"replies"')) expect(text).toContain('"ok":true');
    if (path.endsWith('shutdown')) worker = await launch();
  });
});
