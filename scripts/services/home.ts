import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Home } from './keeper-client.ts';
import { faultOf } from './server-user.ts';
import type { ServerUser } from './server-user.ts';

/** Where root puts what PostgreSQL's user must reach, when the clone lies below a folder like /root (mode 0700). */
export const ROOTS_OWN_PLACE = '/var/lib/gleaner';

/**
 * The folder for the servers: `dir` itself, or a fresh one below it that is removed at the end; elsewhere when the
 * user of PostgreSQL cannot enter `dir`. The same `dir` always leads to the same place.
 */
export async function chooseHome(
  dir: string,
  ephemeral: boolean,
  user: ServerUser | undefined,
  say: (line: string) => void,
): Promise<Home> {
  await mkdir(dir, { recursive: true });
  let base = await realpath(dir);
  // Asking the system is the only test that knows every mode bit, access list and mount option on the way.
  if (user && faultOf('test', ['-x', base], user) !== undefined) {
    const hash = createHash('sha256').update(base).digest('hex').slice(0, 12);
    const elsewhere = ephemeral ? ROOTS_OWN_PLACE : join(ROOTS_OWN_PLACE, hash);
    say(`PostgreSQL's user cannot enter ${base}: its data goes to ${elsewhere}`);
    await mkdir(elsewhere, { recursive: true, mode: 0o755 });
    base = elsewhere;
  }
  if (!ephemeral) return { path: base, ephemeral };
  const path = await mkdtemp(join(base, 'run-'));
  if (user) await chmod(path, 0o711);
  return { path, ephemeral };
}
