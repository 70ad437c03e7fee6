import { spawnSync } from 'node:child_process';
import { ServicesError } from './errors.ts';

export interface ServerUser {
  uid: number;
  gid: number;
}

/** `postgres` comes with a distribution's own PostgreSQL; `gleaner` is the one that we create. */
const CANDIDATES = ['postgres', 'gleaner'];
const CREATED = 'gleaner';

/** PostgreSQL refuses to run as root: the system user to run it as, or undefined when we are not root. */
export function postgresUser(say: (line: string) => void): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of CANDIDATES) {
    const user = findUser(name);
    if (user) return user;
  }
  say(`PostgreSQL does not run as root: creating the system user ${CREATED}`);
  const args = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', CREATED];
  const { status, stderr, error } = spawnSync('useradd', args, { encoding: 'utf8' });
  const created = findUser(CREATED);
  if (created) return created;
  throw new ServicesError(
    `PostgreSQL does not run as root, and the system user ${CREATED} could not be created ` +
      `(useradd: ${error?.message ?? (stderr.trim() || `exit code ${status}`)}). ` +
      'Create it, run as another user, or set DATABASE_URL.',
  );
}

/** Runs a program as the given user and returns what went wrong, or undefined when it succeeded. */
export function faultOf(command: string, args: string[], user: ServerUser | undefined): string | undefined {
  const { status, stderr, error } = spawnSync(command, args, { cwd: '/', encoding: 'utf8', ...user });
  if (error) return error.message;
  return status === 0 ? undefined : stderr.trim() || `exit code ${status}`;
}

function findUser(name: string): ServerUser | undefined {
  const uid = idOf('-u', name);
  const gid = idOf('-g', name);
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

function idOf(which: '-u' | '-g', name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [which, name], { encoding: 'utf8' });
  return status === 0 ? Number(stdout) : undefined;
}
