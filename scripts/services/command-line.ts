import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hasCode } from './errors.ts';

/**
 * The command line of a running process; undefined when there is none, or only a zombie.
 *
 * Whether a pid *exists* proves little: pids are reused, soon so in a container, and a zombie that nobody reaps
 * answers to signal 0 for ever. Its command line tells whether it is the process that was meant.
 */
export function commandLineOf(pid: number): string | undefined {
  if (process.platform !== 'linux') {
    return (
      spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim() || undefined
    );
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}
