import type { Command } from 'commander';
import type { Redis } from 'ioredis';
import { statfs } from 'node:fs/promises';
import type { DataSource } from 'typeorm';
import { messageOf } from '../../../core/errors/index.js';
import type { Applications } from '../applications.js';
import { QUEUES } from '../names.js';
import { duration, showList } from '../show.js';
import type { Style } from '../terminal.js';
import type { Tools } from '../tools.js';

interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'error';
  readonly found: string;
  /** What to do about it. */
  readonly remedy?: string;
}

type Verdict = Omit<Finding, 'check'>;
type Checks<T> = Readonly<Record<string, (subject: T) => Promise<Verdict>>>;

const MAX_SKEW_MS = 1000;
const MIN_FREE = 0.1;
/** Beats come every half minute. */
const MAX_BEAT_AGE_S = 120;
const OLDEST_POSTGRES = 14;
const OLDEST_REDIS = [6, 2] as const;

const OF_THIS_MACHINE: Checks<void> = {
  // What is older does not even start.
  node: async () => ok(`Node ${process.versions.node}`),
  disk: async () => {
    const { bavail, blocks, bsize } = await statfs('.');
    const free = `${Math.round((bavail * bsize) / 2 ** 30)} GiB free here`;
    return bavail / blocks >= MIN_FREE
      ? ok(free)
      : bad('warning', free, 'Make room: logs and databases need it.');
  },
};

const OF_DATABASE: Checks<DataSource> = {
  database: async (dataSource) => {
    const [row] = await dataSource.query<[{ version: string; number: number }]>(
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number`,
    );
    const found = `PostgreSQL ${row.version}`;
    return row.number >= OLDEST_POSTGRES * 10_000
      ? ok(found)
      : bad('error', found, `Upgrade it to ${OLDEST_POSTGRES} or newer.`);
  },
  migrations: async (dataSource) =>
    (await dataSource.showMigrations())
      ? bad('error', 'some are pending', 'Apply them: gleaner migrate')
      : ok('none pending'),
  'clock of PostgreSQL': async (dataSource) => {
    const before = Date.now();
    const [row] = await dataSource.query<[{ now: Date }]>('SELECT clock_timestamp() AS now');
    return skew(row.now.getTime(), before, Date.now());
  },
};

const OF_REDIS: Checks<Redis> = {
  redis: async (redis) => {
    const info = await redis.info('server');
    const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'of an unknown version';
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const isOld = major < OLDEST_REDIS[0] || (major === OLDEST_REDIS[0] && minor < OLDEST_REDIS[1]);
    const remedy = `Upgrade it to ${OLDEST_REDIS.join('.')} or newer.`;
    return isOld ? bad('error', `Redis ${version}`, remedy) : ok(`Redis ${version}`);
  },
  'clock of Redis': async (redis) => {
    const before = Date.now();
    const [seconds, micros] = await redis.time();
    return skew(Number(seconds) * 1000 + Number(micros) / 1000, before, Date.now());
  },
  'memory policy of Redis': async (redis) => {
    const policy = /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1] ?? 'unknown';
    if (policy === 'noeviction') return ok(policy);
    return bad('error', policy, 'Redis may throw tasks away: set maxmemory-policy to noeviction.');
  },
  'memory of Redis': async (redis) => {
    const info = await redis.info('memory');
    const bytes = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
    const [used, most] = [bytes('used_memory'), bytes('maxmemory')];
    const found = `${mebibytes(used)} used, ${most === 0 ? 'no limit' : `at most ${mebibytes(most)}`}`;
    return most === 0 || used / most <= 1 - MIN_FREE
      ? ok(found)
      : bad('error', found, 'When it is full nothing can be enqueued: raise maxmemory.');
  },
  'persistence of Redis': async (redis) =>
    /^aof_enabled:1/m.test(await redis.info('persistence'))
      ? ok('append-only file')
      : bad('warning', 'no append-only file', 'A restart of Redis loses queued tasks: set appendonly yes.'),
};

const OF_OPERATIONS: Checks<Applications['operations']> = {
  queues: async ({ queueControl }) => {
    const states = await queueControl.states();
    const paused = states.flatMap(({ name, paused: isPaused }) => (isPaused ? [name] : []));
    if (paused.length === 0) return ok(QUEUES.join(', '));
    return bad('warning', `paused: ${paused.join(', ')}`, `Resume: gleaner queues resume ${paused[0]}`);
  },
  workers: async ({ workers }) => {
    const online = (await workers.list()).filter(({ state }) => state === 'online');
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
  consumers: async ({ workers }) => {
    const consumed = new Set(
      (await workers.list()).flatMap(({ state, paused, queues }) =>
        state === 'online' && !paused
          ? queues.filter((queue) => queue.consuming).map(({ name }) => name)
          : [],
      ),
    );
    const forgotten = QUEUES.filter((name) => !consumed.has(name));
    if (forgotten.length === 0) return ok('every queue has some');
    return bad(
      'error',
      `nobody takes tasks of ${forgotten.join(', ')}`,
      `Let a worker take them: gleaner control queue add ${forgotten[0]}, or gleaner control resume`,
    );
  },
  heartbeat: async ({ beats }) => {
    const beat = await beats.newest();
    const remedy =
      'Is there a process with MODE=scheduler or all, and a worker? See "gleaner inspect workers".';
    if (!beat) return bad('error', 'there never was one', remedy);
    const age = `${duration(beat.ageSeconds * 1000)} old`;
    return beat.ageSeconds <= MAX_BEAT_AGE_S ? ok(age) : bad('error', age, remedy);
  },
};

/** Without these nothing can be asked of the application. */
const NEEDED = new Set(['configuration', 'database', 'migrations', 'redis']);

/** Looks at everything that has to be right, and says what to do about what is not. */
export function doctorCommand(program: Command, { open, terminal, fail }: Tools): void {
  program
    .command('doctor')
    .description('checks configuration, connections, clocks, migrations, workers; says what to do')
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await examine(open);
      showList(
        terminal,
        json,
        findings,
        [
          ['CHECK', ({ check }) => check],
          ['', ({ verdict }) => verdict, { style: ({ verdict }) => COLOURS[verdict], whole: true }],
          ['FOUND', ({ found }) => found],
          ['WHAT TO DO', ({ remedy }) => remedy ?? ''],
        ],
        'Nothing was checked.',
      );
      if (findings.some(({ verdict }) => verdict === 'error')) fail(1);
    });
}

const COLOURS: Readonly<Record<Finding['verdict'], Style>> = { ok: 'green', warning: 'yellow', error: 'red' };

/** Each check by itself: what one finds does not hide what another would. */
async function examine(open: Tools['open']): Promise<Finding[]> {
  const { faults, database, redis } = await open('diagnosis');
  const findings: Finding[] = [
    ...configuration(faults),
    ...(await looked('this machine', '', async () => undefined, OF_THIS_MACHINE)),
    ...(await looked('database', 'Is PostgreSQL running, and DATABASE_URL right?', database, OF_DATABASE)),
    ...(await looked('redis', 'Is Redis running, and REDIS_URL right?', redis, OF_REDIS)),
  ];
  if (findings.some(({ check, verdict }) => verdict === 'error' && NEEDED.has(check))) {
    const check = Object.keys(OF_OPERATIONS).join(', ');
    return [...findings, { check, ...bad('warning', 'not looked at', 'Mend what is wrong above first.') }];
  }
  const operations = async (): Promise<Applications['operations']> => open('operations');
  return [...findings, ...(await looked('application', 'Look at its log.', operations, OF_OPERATIONS))];
}

function configuration(faults: readonly string[]): Finding[] {
  if (faults.length === 0) return [{ check: 'configuration', ...ok('valid') }];
  const remedy = 'Set it in the environment or in .env; see .env.example.';
  return faults.map((fault) => ({ check: 'configuration', ...bad('error', fault, remedy) }));
}

async function looked<T>(
  name: string,
  remedy: string,
  connect: () => Promise<T>,
  checks: Checks<T>,
): Promise<Finding[]> {
  let subject: T;
  try {
    subject = await connect();
  } catch (error) {
    // It has been said what is wrong with the configuration.
    if (error instanceof Error && error.name === 'InvalidConfigError') return [];
    return [{ check: name, ...bad('error', messageOf(error), remedy) }];
  }
  const findings: Finding[] = [];
  for (const [check, look] of Object.entries(checks)) {
    const verdict = await look(subject).catch((error: unknown) => bad('error', messageOf(error), remedy));
    findings.push({ check, ...verdict });
  }
  return findings;
}

const ok = (found: string): Verdict => ({ verdict: 'ok', found });
const bad = (verdict: 'warning' | 'error', found: string, remedy: string): Verdict => ({
  verdict,
  found,
  remedy,
});
const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

/** @param theirs what another clock said between two looks at ours. */
function skew(theirs: number, before: number, after: number): Verdict {
  const ms = Math.round(Math.max(0, before - theirs, theirs - after));
  if (ms <= MAX_SKEW_MS) return ok(`${duration(ms)} apart from ours`);
  return bad('warning', `${duration(ms)} apart from ours`, 'Keep the clocks of all machines together (NTP).');
}
