import { ServicesError } from './errors.ts';
import { installPackage, type Wanted } from './package-install.ts';
import { findProgram } from './program.ts';

const NAMES = ['redis-server', 'valkey-server'];

/** By preference: distributions are moving from Redis to Valkey. */
const REDIS: Wanted = {
  name: 'redis-server or valkey-server',
  packages: {
    'apt-get': ['redis-server', 'valkey-server'],
    dnf: ['valkey', 'redis'],
    apk: ['redis', 'valkey'],
    brew: ['redis'],
  },
};

/** The Redis or Valkey server of this machine, installed first when there is none and that needs no prompt. */
export async function findOrInstallRedis(
  path: string,
  logFile: string,
  say: (line: string) => void,
): Promise<string> {
  const found = findRedis(path);
  if (found !== undefined) return found;
  const attempt = await installPackage(REDIS, path, logFile, say);
  const installed = findRedis(path);
  if (installed !== undefined) return installed;
  throw new ServicesError(
    `there is no redis-server or valkey-server on the PATH, and ${attempt}. ` +
      'Install one (Debian and Ubuntu: `apt-get install redis-server`, Fedora: `dnf install valkey`, ' +
      'Alpine: `apk add redis`, macOS: `brew install redis`), or set REDIS_URL.',
  );
}

function findRedis(path: string): string | undefined {
  return NAMES.map((name) => findProgram(name, path)).find((found) => found !== undefined);
}
