import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ProcessMemory } from '../../src/platform/performance/profiling/process-memory.js';
import { Profiler } from '../../src/platform/performance/profiling/profiler.js';
import { Workers } from '../../src/platform/workers/index.js';
import { eventually } from '../support/eventually.js';
import { Ops } from '../support/ops.js';
import { TaskLab } from '../support/task-lab/task-lab.js';
import { bearer } from '../support/test-key.js';

interface Profile {
  nodes: { callFrame: { functionName: string } }[];
  startTime: number;
  endTime: number;
  samples: number[];
}

let lab: TaskLab;
let admin: Ops;

beforeAll(async () => {
  lab = await TaskLab.open();
  admin = new Ops(lab.url, 'admin');
});
afterEach(async () => free());
afterAll(async () => lab?.[Symbol.asyncDispose]());

async function ask(kind: 'cpu' | 'heap', body: object, signal?: AbortSignal): Promise<Response> {
  return fetch(`${lab.url}/api/v1/ops/profiles/${kind}`, {
    method: 'POST',
    headers: { ...bearer('admin'), 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

/** Until nobody is profiling this process any more. */
const free = async (): Promise<void> =>
  eventually('the profiler to be free', async () => {
    const { profile } = await lab.app.get(Profiler, { strict: false }).cpu(0, new AbortController().signal);
    await profile;
    return null;
  }).then(() => undefined);

const audited = async (): Promise<{ action: string; outcome: string; detail: string }> => {
  const [newest] = await lab.environment.query<{ action: string; outcome: string; detail: string }>(
    'SELECT action, outcome, detail FROM audit_entry ORDER BY id DESC LIMIT 1',
  );
  return newest!;
};

describe('a CPU profile', () => {
  it('is a file for Chrome, of the seconds that were asked for, and in the audit', async () => {
    const answer = await ask('cpu', { seconds: 1 });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="gleaner-[\w.-]+\.cpuprofile"$/,
    );
    const profile = (await answer.json()) as Profile;
    expect(profile.endTime - profile.startTime).toBeGreaterThan(990_000);
    expect(profile.samples.length).toBeGreaterThan(100);
    expect(profile.nodes.map(({ callFrame }) => callFrame.functionName)).toContain('(root)');
    expect(await audited()).toEqual({
      action: 'POST /api/v1/ops/profiles/cpu',
      outcome: 'done',
      detail: expect.stringMatching(/^status 200: CPU profile of .*:\d+, 1 s$/),
    });
  });

  it('is made one at a time, and ends when its client leaves', async () => {
    const leaving = new AbortController();
    const first = await ask('cpu', { seconds: 60 }, leaving.signal);
    expect(first.status).toBe(200);
    const second = await admin.post('/profiles/cpu', { seconds: 1 });
    expect(second).toMatchObject({ status: 409, body: { code: 'profiling.busy' } });
    expect(await admin.post('/profiles/heap', { reason: 'test' })).toMatchObject({ status: 409 });
    leaving.abort();
    await free();
  });

  it('of a worker comes through Redis', async () => {
    await lab.start();
    const [worker] = await eventually('the worker', async () => {
      const workers = await lab.app.get(Workers, { strict: false }).list({ state: 'online' });
      return workers.length > 0 ? workers : undefined;
    });
    const answer = await ask('cpu', { seconds: 1, worker: worker!.id });
    expect(answer.status).toBe(200);
    const profile = (await answer.json()) as Profile;
    expect(profile.endTime - profile.startTime).toBeGreaterThan(990_000);

    const leaving = new AbortController();
    expect((await ask('cpu', { seconds: 60, worker: worker!.id }, leaving.signal)).status).toBe(200);
    const second = await admin.post('/profiles/cpu', { seconds: 1, worker: worker!.id });
    expect(second).toMatchObject({ status: 409, body: { code: 'profiling.busy' } });
    leaving.abort();
    const again = await eventually('the worker to be free', async () => {
      const third = await ask('cpu', { seconds: 1, worker: worker!.id });
      return third.status === 200 ? third : undefined;
    });
    expect((await again.json()) as Profile).toHaveProperty('samples');
  });

  it.each([
    [{ seconds: 61 }, 400],
    [{ seconds: 0 }, 400],
    [{}, 400],
    [{ seconds: 1, worker: 'nobody' }, 404],
  ])('%j is refused', async (body, status) => {
    expect(await admin.post('/profiles/cpu', body)).toMatchObject({ status });
  });
});

describe('a heap snapshot', () => {
  it(
    'has what the process holds, takes a reason, and is in the audit with it',
    { timeout: 60_000 },
    async () => {
      expect(await admin.post('/profiles/heap', {})).toMatchObject({ status: 400 });
      const answer = await ask('heap', { reason: 'it grows since Tuesday' });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-disposition')).toMatch(/\.heapsnapshot"$/);
      expect(await audited()).toMatchObject({
        action: 'POST /api/v1/ops/profiles/heap',
        outcome: 'done',
        detail: expect.stringContaining('it grows since Tuesday'),
      });
      let start = '';
      let bytes = 0;
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        if (bytes === 0) start = Buffer.from(chunk).toString().slice(0, 100);
        bytes += chunk.length;
      }
      expect(start).toMatch(/^\{"snapshot":\{"meta":/);
      expect(bytes).toBeGreaterThan(10_000_000);
      await free();
    },
  );

  it('is refused where memory is short, with the numbers, and nothing was made', async () => {
    const memory = lab.app.get(ProcessMemory, { strict: false });
    const used = vi.spyOn(memory, 'heapUsed').mockReturnValue(100 * 1_048_576);
    const available = vi.spyOn(memory, 'available').mockReturnValue(499 * 1_048_576);
    const refused = await admin.post('/profiles/heap', { reason: 'test' });
    used.mockRestore();
    available.mockRestore();
    expect(refused).toMatchObject({
      status: 503,
      body: {
        code: 'profiling.too_little_memory',
        detail: expect.stringContaining('needs about 500 MiB beside what it uses, and 499 MiB are available'),
        neededBytes: 524_288_000,
      },
    });
    expect(await audited()).toMatchObject({ outcome: 'failed' });
    await free();
  });
});
