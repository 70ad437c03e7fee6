import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { findProgram } from './program.ts';
import { tailOf } from './server-log.ts';

type ManagerName = 'apt-get' | 'dnf' | 'apk' | 'brew';

/** What to install: how it is called in messages, and its packages by preference. */
export interface Wanted {
  name: string;
  packages: Readonly<Record<ManagerName, readonly string[]>>;
}

interface PackageManager {
  program: ManagerName;
  /** Homebrew refuses root and needs no rights; the others need root. */
  asRoot: boolean;
  /** Brings the list of packages up to date: that of a fresh container is empty. */
  refresh?: string[];
  install: string[];
}

const APT_OPTIONS = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2'];

const MANAGERS: PackageManager[] = [
  {
    program: 'apt-get',
    asRoot: true,
    refresh: [...APT_OPTIONS, 'update'],
    install: [...APT_OPTIONS, 'install', '--yes', '--no-install-recommends'],
  },
  { program: 'dnf', asRoot: true, install: ['install', '--assumeyes'] },
  { program: 'apk', asRoot: true, install: ['add', '--no-cache'] },
  { program: 'brew', asRoot: false, install: ['install'] },
];

/** Installs a server when that needs no prompt. Returns what was done, or why not, to follow "and …". */
export async function installPackage(
  wanted: Wanted,
  path: string,
  logFile: string,
  say: (line: string) => void,
): Promise<string> {
  const manager = MANAGERS.find(({ program }) => findProgram(program, path) !== undefined);
  if (!manager) return 'no package manager that we know (apt-get, dnf, apk, brew) is there to install it';
  const prefix = rightsFor(manager);
  if (!prefix) return `${manager.program} cannot install it without asking for a password`;

  const run = (args: string[]): Promise<boolean> => runLogged([...prefix, manager.program, ...args], logFile);
  say(`no ${wanted.name} on the PATH: installing one with ${manager.program} …`);
  if (manager.refresh) await run(manager.refresh);
  for (const name of wanted.packages[manager.program]) {
    if (!(await run([...manager.install, name]))) continue;
    await stopSystemService(manager, prefix, name, logFile);
    return `${manager.program} installed ${name} without putting it there`;
  }
  return `${manager.program} could not install it (${await tailOf(logFile)})`;
}

/** What to put before the command, or undefined when it would need a password. */
function rightsFor({ asRoot }: PackageManager): string[] | undefined {
  const root = process.getuid?.() === 0;
  if (!asRoot) return root ? undefined : [];
  // `env`: sudo does not hand our environment on.
  const quietly = ['env', 'DEBIAN_FRONTEND=noninteractive'];
  if (root) return quietly;
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n', ...quietly] : undefined;
}

/**
 * Debian's package starts a server of its own on the standard port, now and at every boot. Nobody asked for that:
 * it is stopped and disabled. (Forbidding the start beforehand, by a policy-rc.d, would forbid every package's
 * start for as long as that file is left behind by an interruption.)
 */
async function stopSystemService(
  manager: PackageManager,
  prefix: string[],
  service: string,
  logFile: string,
): Promise<void> {
  if (manager.program !== 'apt-get') return;
  const stop = existsSync('/run/systemd/system')
    ? ['systemctl', 'disable', '--now', service]
    : ['service', service, 'stop'];
  await runLogged([...prefix, ...stop], logFile);
}

/** Runs a command with its output in the log; tells whether it succeeded. */
export async function runLogged(
  [command = '', ...args]: string[],
  logFile: string,
  cwd?: string,
): Promise<boolean> {
  const log = await open(logFile, 'a', 0o600);
  try {
    await log.write(`$ ${[command, ...args].join(' ')}\n`);
    const child = spawn(command, args, { cwd, stdio: ['ignore', log.fd, log.fd] });
    const [code] = await once(child, 'exit');
    return code === 0;
  } finally {
    await log.close();
  }
}
