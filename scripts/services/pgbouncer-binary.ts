import { delimiter } from 'node:path';
import { ServicesError } from './errors.ts';
import { installPackage, type Wanted } from './package-install.ts';
import { findProgram } from './program.ts';

const PGBOUNCER: Wanted = {
  name: 'pgbouncer',
  packages: { 'apt-get': ['pgbouncer'], dnf: ['pgbouncer'], apk: ['pgbouncer'], brew: ['pgbouncer'] },
};

/** PgBouncer of this machine, installed first when there is none and that needs no prompt. */
export async function findOrInstallPgBouncer(
  path: string,
  logFile: string,
  say: (line: string) => void,
): Promise<string> {
  // Where Debian puts servers, which is not on everybody's PATH.
  const find = (): string | undefined => findProgram('pgbouncer', [path, '/usr/sbin'].join(delimiter));
  const found = find();
  if (found !== undefined) return found;
  const attempt = await installPackage(PGBOUNCER, path, logFile, say);
  const installed = find();
  if (installed !== undefined) return installed;
  throw new ServicesError(
    `there is no pgbouncer on the PATH, and ${attempt}. Install it (the package is called pgbouncer everywhere).`,
  );
}
