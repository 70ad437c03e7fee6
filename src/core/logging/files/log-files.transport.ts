import { mkdirSync } from 'node:fs';
import { Writable } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import { FAILED } from './log-file-names.js';
import { LogFiles } from './log-files.js';

/** The thread that writes files: pino's way of starting one. It never fails, else pino would end all of its lines. */
export default function logFilesTransport({ directory }: { directory: string }): Writable {
  try {
    mkdirSync(directory, { recursive: true });
  } catch {
    // Then no file can be opened either, and each line that is not written is counted.
  }
  const files = new LogFiles(directory, (...what) =>
    parentPort?.postMessage({ code: 'EVENT', name: FAILED, args: what }, []),
  );
  return new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      files.write(chunk);
      done();
    },
    final(done) {
      files.close();
      done();
    },
  });
}
