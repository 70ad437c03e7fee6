/**
 * Preloaded into a program that has to end with the one that started it, even when that is killed by SIGKILL. File
 * descriptor 3 is a pipe from the parent, which the system closes at the parent's death, however it comes: then the
 * program sends itself SIGTERM and stops in good order.
 */
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

// Workers and children inherit preload and variable, but not the pipe.
if (isMainThread && process.ppid === Number(process.env.GLEANER_FOLLOWS)) {
  const life = new Socket({ fd: 3, readable: true });
  life.on('close', () => process.kill(process.pid, 'SIGTERM'));
  life.resume();
  life.unref();
}
