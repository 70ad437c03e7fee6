import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { hasCode, ServicesError } from './errors.ts';
import { installPackage, runLogged, type Wanted } from './package-install.ts';
import { findProgram } from './program.ts';
import { tailOf } from './server-log.ts';

/** What tests run of Prometheus, and Debian's package of each; all of them run where they were unpacked. */
const PACKAGES = {
  prometheus: 'prometheus',
  promtool: 'prometheus',
  amtool: 'prometheus-alertmanager',
} as const;

/** Debian's looks for its templates in /usr/share only. */
const ALERTMANAGER: Wanted = {
  name: 'prometheus-alertmanager',
  packages: {
    'apt-get': ['prometheus-alertmanager'],
    dnf: ['alertmanager'],
    apk: ['alertmanager'],
    brew: ['alertmanager'],
  },
};

export type PrometheusProgram = keyof typeof PACKAGES;

/**
 * A program of Prometheus, or Alertmanager's tool: that of this machine, else of Debian's package, unpacked below `dir`.
 * Unpacked instead of installed: that needs no root, and starts no server that nobody asked for.
 *
 * @throws ServicesError when there is neither; its message says what to do.
 */
export async function findOrUnpackPrometheus(
  program: PrometheusProgram,
  dir: string,
  path: string,
  say: (line: string) => void,
): Promise<string> {
  const found = findProgram(program, path);
  if (found !== undefined) return found;
  const name = PACKAGES[program];
  const unpacked = resolve(dir, name);
  const binary = join(unpacked, 'usr/bin', program);
  if (existsSync(binary)) return binary;
  const attempt = await unpackPackage(name, unpacked, path, say);
  if (existsSync(binary)) return binary;
  throw new ServicesError(
    `there is no ${program} on the PATH, and ${attempt}. Put it there (Debian and Ubuntu: ` +
      `\`apt-get install ${name}\`; elsewhere from https://prometheus.io/download/).`,
  );
}

/**
 * The Alertmanager of this machine, installed first when there is none and that needs no prompt.
 *
 * @throws ServicesError when there is none; its message says what to do.
 */
export async function findOrInstallAlertmanager(
  path: string,
  logFile: string,
  say: (line: string) => void,
): Promise<string> {
  const find = (): string | undefined =>
    findProgram('prometheus-alertmanager', path) ?? findProgram('alertmanager', path);
  const found = find();
  if (found !== undefined) return found;
  const attempt = await installPackage(ALERTMANAGER, path, logFile, say);
  const installed = find();
  if (installed !== undefined) return installed;
  throw new ServicesError(
    `there is no Alertmanager on the PATH, and ${attempt}. Put it there (Debian and Ubuntu: ` +
      '`apt-get install prometheus-alertmanager`; elsewhere from https://prometheus.io/download/).',
  );
}

/** Returns why there is nothing in `target`, to follow "and …", should there be nothing. */
async function unpackPackage(
  name: string,
  target: string,
  path: string,
  say: (line: string) => void,
): Promise<string> {
  const missing = ['apt-get', 'dpkg-deb'].find((program) => findProgram(program, path) === undefined);
  if (missing !== undefined) return `without ${missing} its Debian package cannot be unpacked`;
  say(`no ${name} on the PATH: unpacking its Debian package …`);
  await mkdir(dirname(target), { recursive: true });
  const folder = await mkdtemp(`${target}-`);
  const logFile = `${target}.log`;
  try {
    const download = async (): Promise<boolean> =>
      runLogged(['apt-get', '-o', 'Acquire::Retries=2', 'download', name], logFile, folder);
    // The list of packages of a fresh container is empty; only root can bring it up to date.
    const got = (await download()) || ((await refreshed(dirname(target), logFile)) && (await download()));
    if (!got) return `apt-get could not download its package (${await tailOf(logFile)})`;
    const archive = (await readdir(folder)).find((file) => file.endsWith('.deb')) ?? '';
    const contents = join(folder, 'contents');
    if (!(await runLogged(['dpkg-deb', '--extract', join(folder, archive), contents], logFile)))
      return `its package could not be unpacked (${await tailOf(logFile)})`;
    // At once: what another process sees is whole.
    await rename(contents, target).catch((error: unknown) => {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    });
    return 'its Debian package does not have it';
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** One after another: apt-get gives up when somebody else brings the list up to date. */
async function refreshed(dir: string, logFile: string): Promise<boolean> {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  return runLogged(['flock', join(dir, 'apt-get.lock'), ...sudo, 'apt-get', 'update'], logFile);
}
