import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { Session } from 'node:inspector/promises';
import { finished, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { getHeapSnapshot } from 'node:v8';
import { ProcessMemory } from './process-memory.js';
import { ProfilingBusyError, TooLittleMemoryError } from './profiling.errors.js';

/** The longest that a process is profiled: samples are kept in its memory. */
export const MAX_PROFILE_SECONDS = 60;
/** Microseconds between samples. */
const SAMPLE_MICROS = 1000;
/** Memory that a snapshot takes beside the heap, by the heap: 4.4 times was measured, more with many small objects. */
const SNAPSHOT_BY_HEAP = 5;
/** A snapshot is held in memory until it has been read. */
const READ_TIMEOUT_MS = 600_000;

/** What this process does, and what it holds. One profile or snapshot at a time. */
@Injectable()
export class Profiler implements BeforeApplicationShutdown {
  private readonly ending = new AbortController();
  private busyWith: string | undefined;

  constructor(private readonly memory: ProcessMemory) {}

  /**
   * Begins to sample where this process spends its time. A shutdown ends it early.
   * @param signal ends it without a result, because nobody wants it any more.
   * @returns what will be the profile, as JSON of a `.cpuprofile`; it rejects when the signal aborts.
   * @throws ProfilingBusyError.
   */
  async cpu(seconds: number, signal: AbortSignal): Promise<{ profile: Promise<string> }> {
    const release = this.begin('CPU profile');
    const session = new Session();
    const end = (): void => {
      // This also stops the profiler, where it still runs.
      session.disconnect();
      release();
    };
    try {
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROS });
      await session.post('Profiler.start');
    } catch (error) {
      end();
      throw error;
    }
    return { profile: this.finish(session, seconds, signal).finally(end) };
  }

  /**
   * All objects of this process, with the text of every string: keys and passwords, too. The process stands still until
   * it is made. The caller must read it, or destroy it.
   * @throws ProfilingBusyError; TooLittleMemoryError.
   */
  heap(): Readable {
    const release = this.begin('heap snapshot');
    try {
      const needed = SNAPSHOT_BY_HEAP * this.memory.heapUsed();
      const available = this.memory.available();
      if (available < needed) throw new TooLittleMemoryError(needed, available);
      const snapshot = getHeapSnapshot();
      const patience = setTimeout(() => snapshot.destroy(), READ_TIMEOUT_MS);
      finished(snapshot, () => {
        clearTimeout(patience);
        release();
      });
      return snapshot;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Else the server would wait for the rest of a profile before it ends. */
  beforeApplicationShutdown(): void {
    this.ending.abort();
  }

  private begin(what: string): () => void {
    if (this.busyWith !== undefined) throw new ProfilingBusyError(this.busyWith);
    this.busyWith = what;
    return () => (this.busyWith = undefined);
  }

  private async finish(session: Session, seconds: number, signal: AbortSignal): Promise<string> {
    await delay(seconds * 1000, undefined, { signal: AbortSignal.any([signal, this.ending.signal]) }).catch(
      () => undefined,
    );
    signal.throwIfAborted();
    const { profile } = await session.post('Profiler.stop');
    return JSON.stringify(profile);
  }
}
