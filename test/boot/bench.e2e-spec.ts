import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { writeResults } from '../../bench/support/document.ts';
import type { BenchmarkReport, Report } from '../../bench/support/report.ts';
import { type LoadResult, startLoad } from '../../bench/support/load/index.ts';
import { Program } from '../support/program.js';

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-bench-'));
});

afterAll(() => rmSync(dir, { recursive: true }));

/** Runs the command on the servers that the tests have. */
function bench(args: readonly string[], shell = ''): Program {
  const command = `${shell} exec "$0" --disable-warning=ExperimentalWarning scripts/bench.ts "$@"`;
  const program = new Program('sh', ['-c', command, process.execPath, ...args], {
    env: { PATH: process.env.PATH, DATABASE_URL: inject('databaseUrl'), REDIS_URL: inject('redisUrl') },
  });
  onTestFinished(() => program.kill('SIGKILL'));
  return program;
}

describe('npm run bench', () => {
  it('measures every claim, and writes a table and JSON', { timeout: 400_000 }, async () => {
    const file = join(dir, 'results.json');
    const program = bench(['--quick', '--rounds', '1', '--json', file]);
    expect(await program.exit(), program.log).toBe(0);
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    expect(report).toMatchObject({ quick: true, rounds: 1, machine: { node: process.version } });
    expect(report.benchmarks.map(({ name }) => name)).toEqual([
      'bulk-upsert',
      'cached-reads',
      'crawl-memory',
      'crawl',
      'flaky-crawl',
      'observability',
      'open-connections',
      'paced-crawl',
      'page-latency',
      'read-cache',
      'read-mix',
      'task-history',
      'task-memory',
      'tasks',
      'throttle',
    ]);
    for (const benchmark of report.benchmarks) expectSound(benchmark);
    for (const { measures } of report.benchmarks) expect(program.log).toContain(measures[0]?.what);
  });

  it('explains itself, and refuses what it does not know', async () => {
    const help = bench(['--help']);
    expect(await help.exit()).toBe(0);
    expect(help.log).toMatch(/Examples:\n {2}npm run bench\n/);
    for (const [args, message] of [
      [['--only', 'nothing'], '--only nothing: there is no such benchmark; expected one of bulk-upsert,'],
      [['--rounds', '0'], '--rounds: expected a whole number from 1 to 100, got "0"'],
      [['--docs', '--quick'], '--docs: what --quick measures is not worth writing down'],
      [['--often'], "Unknown option '--often'"],
    ] as const) {
      const refused = bench(args);
      expect(await refused.exit()).toBe(1);
      expect(refused.log).toContain(message);
    }
  });

  it('ends with status 1 when a benchmark cannot measure, and says why', async () => {
    const program = bench(['--quick', '--only', 'open-connections'], 'ulimit -n 600;');
    expect(await program.exit()).toBe(1);
    expect(program.log).toContain('800 open files are needed, the limit is 600');
    expect(program.log).toContain('Failed: open-connections');
  });
});

/** Every figure is a number, lies within its range, and every aim says the truth about itself. */
function expectSound({ name, claim, seconds, measures, aims, notes }: BenchmarkReport): void {
  expect(claim).not.toBe('');
  expect(seconds).toBeGreaterThan(0);
  expect(measures.length, name).toBeGreaterThan(0);
  expect(notes.length, name).toBeGreaterThan(0);
  for (const { what, median, min, max, samples } of measures) {
    expect(samples.every(Number.isFinite), `${name}: ${what}`).toBe(true);
    expect(min, `${name}: ${what}`).toBeLessThanOrEqual(median);
    expect(median, `${name}: ${what}`).toBeLessThanOrEqual(max);
  }
  for (const { value, atLeast = -Infinity, atMost = Infinity, reached } of aims)
    expect(reached).toBe(value >= atLeast && value <= atMost);
}

describe('--docs', () => {
  const report: Report = {
    startedAt: '2026-01-02T03:04:05.678Z',
    machine: { cpu: 'Abacus', cores: 2, node: 'v24.0.0', platform: 'linux x64' },
    quick: false,
    rounds: 3,
    benchmarks: [
      {
        name: 'one',
        claim: 'it counts',
        seconds: 1,
        measures: [
          { what: 'beads', unit: '1/s', median: 1234.5, min: 1000, max: 2000, samples: [1000, 1234.5, 2000] },
        ],
        aims: [{ what: 'beads', value: 0.5, atLeast: 0.6, reached: false }],
        notes: [],
      },
    ],
  };

  it('replaces the results between their marks, and nothing else', async () => {
    const file = join(dir, 'performance.md');
    writeFileSync(file, '# Before\n\n<!-- results of one -->\nold\n<!-- end of one -->\n\nAfter\n');
    await writeResults(file, report);
    const written = readFileSync(file, 'utf8');
    expect(written).toMatch(
      /^# Before\n\n<!-- results of one -->\n\n2026-01-02, Abacus, 2 cores, Node v24.0.0, 3 rounds/,
    );
    expect(written).toMatch(/\| beads \| +1,235 \| +1,000 \| +2,000 \| 1\/s \|/);
    expect(written).toContain('beads at least 0.6: 0.500, MISSED');
    expect(written).toMatch(/<!-- end of one -->\n\nAfter\n$/);
    expect(written).not.toContain('old');
    await writeResults(file, report);
    expect(readFileSync(file, 'utf8')).toBe(written);
  });

  it('has a place for each benchmark in docs/performance.md, and misses one that is not there', async () => {
    const document = readFileSync('docs/performance.md', 'utf8');
    for (const name of [
      'cached-reads',
      'read-cache',
      'throttle',
      'bulk-upsert',
      'page-latency',
      'read-mix',
      'open-connections',
    ])
      expect(document).toContain(`<!-- results of ${name} -->`);
    const file = join(dir, 'empty.md');
    writeFileSync(file, '');
    await expect(writeResults(file, report)).rejects.toThrow(
      'has no place for results: expected "<!-- results of one -->"',
    );
  });
});

describe('the load generator', () => {
  const right = Buffer.from('{"right":true}');

  async function drive(answer: RequestListener): Promise<LoadResult> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    await using stack = new AsyncDisposableStack();
    stack.defer(() => server.closeAllConnections());
    stack.defer(() => void server.close());
    return await startLoad({ stack })({
      host: '127.0.0.1',
      ports: [(server.address() as AddressInfo).port],
      connections: 3,
      durationMs: 150,
      mixes: [{ weight: 1, targets: [{ path: '/', body: right.toString('base64') }], pick: 'in turn' }],
    });
  }

  it('counts right answers, also those that come in pieces', async () => {
    let answered = 0;
    const result = await drive((_request, response) => {
      answered++;
      response.writeHead(200, { 'content-length': right.length });
      response.write(right.subarray(0, 5));
      setImmediate(() => response.end(right.subarray(5)));
    });
    expect(result.errors).toBe(0);
    expect(result.answers).toBe(answered);
    expect(result.latency.p50).toBeGreaterThan(0);
    expect(result.latency.p50).toBeLessThanOrEqual(result.latency.p99);
  });

  it.each<[what: string, answer: RequestListener, message: RegExp]>([
    [
      'another body',
      (_request, response) => response.end('{"right":false}'),
      /status 200: \{"right":false\}/,
    ],
    [
      'another status',
      (_request, response) => response.writeHead(503, { 'content-length': right.length }).end(right),
      /status 503/,
    ],
    ['no length', (_request, response) => response.writeHead(200).end(right), /without Content-Length/],
    ['a lost connection', (request) => request.socket.destroy(), /closed the connection/],
  ])('rejects for %s', async (_what, answer, message) => {
    await expect(drive(answer)).rejects.toThrow(message);
  });
});
