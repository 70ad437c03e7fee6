import type { Command } from 'commander';
import { statfs } from 'node:fs/promises';
import { DataSource } from 'typeorm';
import { messageOf } from '../../../core/errors/index.js';
import { QUEUE_NAMES, Queues } from '../../../platform/queues/index.js';
import { BeatReader } from '../../../platform/scheduling/index.js';
import { Workers } from '../../../platform/workers/index.js';
import type { Tools } from '../program.js';
import type { Services } from '../services.js';
import { duration, showList } from '../show.js';

interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'error';
  readonly found: string;
  /** What to do about it. */
  readonly remedy?: string;
}

type Check = (services: Services) => Promise<Omit<Finding, 'check'>>;

const MAX_SKEW_MS = 1000;
const MIN_FREE = 0.1;
/** Beats come every half minute. */
const MAX_BEAT_AGE_S = 120;

/** Each by itself: what one finds does not hide what another would. */
const CHECKS: Readonly<Record<string, Check>> = {
  node: async () => ok(`Node ${process.versions.node}`),
  database: async (services) => {
    const [row] = await (
      await services.get(DataSource)
    ).query<[{ version: string }]>(`SELECT current_setting('server_version') AS version`);
    return ok(`PostgreSQL ${row.version}`);
  },
  migrations: async (services) => {
    if (!(await (await services.get(DataSource)).showMigrations())) return ok('none pending');
    return bad('error', 'some are pending', 'Apply them: gleaner migrate');
  },
  'clock of PostgreSQL': async (services) => {
    const before = Date.now();
    const [row] = await (
      await services.get(DataSource)
    ).query<[{ now: Date }]>('SELECT clock_timestamp() AS now');
    return skew(row.now.getTime(), before, Date.now());
  },
  redis: async (services) => {
    const info = String(await (await services.get(Queues)).client.info('server'));
    return ok(`Redis ${/^redis_version:(\S+)/m.exec(info)?.[1] ?? 'of an unknown version'}`);
  },
  'clock of Redis': async (services) => {
    const { client } = await services.get(Queues);
    const before = Date.now();
    const [seconds, micros] = await client.time();
    return skew(Number(seconds) * 1000 + Number(micros) / 1000, before, Date.now());
  },
  'memory policy of Redis': async (services) => {
    const info = String(await (await services.get(Queues)).client.info('memory'));
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown';
    if (policy === 'noeviction') return ok(policy);
    return bad('error', policy, 'Redis may throw tasks away: set maxmemory-policy to noeviction.');
  },
  'persistence of Redis': async (services) => {
    const info = String(await (await services.get(Queues)).client.info('persistence'));
    if (/^aof_enabled:1/m.test(info)) return ok('append-only file');
    return bad(
      'warning',
      'no append-only file',
      'A restart of Redis loses queued tasks: set appendonly yes.',
    );
  },
  queues: async (services) => {
    const { all } = await services.get(Queues);
    const paused = [];
    for (const name of QUEUE_NAMES) if (await all.get(name)?.isPaused()) paused.push(name);
    if (paused.length === 0) return ok(QUEUE_NAMES.join(', '));
    return bad('warning', `paused: ${paused.join(', ')}`, `Resume: gleaner queues resume ${paused[0]}`);
  },
  workers: async (services) => {
    const workers = await (await services.get(Workers)).list();
    const online = workers.filter(({ state }) => state === 'online');
    if (online.length === 0)
      return bad('error', 'none is online', 'Start one with MODE=worker or MODE=all, and look at its log.');
    const versions = new Set(online.map(({ version }) => version));
    if (versions.size > 1)
      return bad(
        'warning',
        `${online.length} of versions ${[...versions].join(', ')}`,
        'Finish the roll-out.',
      );
    return ok(`${online.length} online`);
  },
  heartbeat: async (services) => {
    const beat = await (await services.get(BeatReader)).newest();
    const remedy =
      'Is there a process with MODE=scheduler or all, and a worker? See "gleaner inspect workers".';
    if (!beat) return bad('error', 'there never was one', remedy);
    const age = `${duration(beat.ageSeconds * 1000)} old`;
    return beat.ageSeconds <= MAX_BEAT_AGE_S ? ok(age) : bad('error', age, remedy);
  },
  disk: async () => {
    const { bavail, blocks, bsize } = await statfs('.');
    const free = `${Math.round((bavail * bsize) / 2 ** 30)} GiB free here`;
    return bavail / blocks >= MIN_FREE
      ? ok(free)
      : bad('warning', free, 'Make room: logs and databases need it.');
  },
};

/** Looks at everything that has to be right, and says what to do about what is not. */
export function doctorCommand(program: Command, { services, terminal, fail }: Tools): void {
  program
    .command('doctor')
    .description('checks configuration, connections, clocks, migrations, workers; says what to do')
    .action(async ({ json }: { json?: boolean }) => {
      const findings: Finding[] = [{ check: 'configuration', ...ok('valid') }];
      // Without the database there is nothing to look with; it says itself what is wrong with it.
      await services.get(DataSource);
      for (const [check, look] of Object.entries(CHECKS)) {
        try {
          findings.push({ check, ...(await look(services)) });
        } catch (error) {
          findings.push({ check, ...bad('error', messageOf(error), 'Is it running, and is its URL right?') });
        }
      }
      showList(
        terminal,
        json,
        findings,
        [
          ['CHECK', ({ check }) => check],
          ['', ({ verdict }) => verdict],
          ['FOUND', ({ found }) => found],
          ['WHAT TO DO', ({ remedy }) => remedy ?? ''],
        ],
        'Nothing was checked.',
      );
      if (findings.some(({ verdict }) => verdict === 'error')) fail(1);
    });
}

const ok = (found: string): Omit<Finding, 'check'> => ({ verdict: 'ok', found });
const bad = (verdict: 'warning' | 'error', found: string, remedy: string): Omit<Finding, 'check'> => ({
  verdict,
  found,
  remedy,
});

/** @param theirs what another clock said between two looks at ours. */
function skew(theirs: number, before: number, after: number): Omit<Finding, 'check'> {
  const ms = Math.round(Math.max(0, before - theirs, theirs - after));
  if (ms <= MAX_SKEW_MS) return ok(`${duration(ms)} apart from ours`);
  return bad('warning', `${duration(ms)} apart from ours`, 'Keep the clocks of all machines together (NTP).');
}
