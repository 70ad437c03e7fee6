import { Injectable } from '@nestjs/common';
import { type Findings, type HealthProbe, Probe } from '../../../core/probes/index.js';
import { QueueControl } from '../../../platform/queues/index.js';
import { BeatReader } from '../../../platform/scheduling/index.js';
import { Workers } from '../../../platform/workers/index.js';

/** Four heartbeats. */
const MOST_SECONDS = 120;
/** A heartbeat that has waited for longer than the next one takes to come is not taken by anybody. */
const STUCK_MS = 30_000;
/** Of the heartbeat, which is to overtake what is less urgent. */
const QUEUE = 'high';

/**
 * Whether schedules are kept and tasks run: a heartbeat goes from a scheduler through a queue to a worker, which writes
 * it down. When none came, it says which of the three is broken.
 */
@Injectable()
@Probe({ name: 'beat', timeoutMs: 3000, cacheMs: 2000, essential: false })
export class BeatProbe implements HealthProbe {
  constructor(
    private readonly beats: BeatReader,
    private readonly workers: Workers,
    private readonly queues: QueueControl,
  ) {}

  async check(): Promise<Findings> {
    const beat = await this.beats.newest();
    const found = {
      ageSeconds: beat ? Math.round(beat.ageSeconds) : null,
      latencyMs: beat?.latencyMs ?? null,
      schedulerId: beat?.schedulerId ?? null,
      workerId: beat?.workerId ?? null,
    };
    if (beat && beat.ageSeconds <= MOST_SECONDS) return found;
    return { ...found, reason: await this.brokenLink() };
  }

  private async brokenLink(): Promise<string> {
    const online = (await this.workers.list()).filter(({ state }) => state === 'online');
    if (online.length === 0) return 'beat.no_worker';
    const { paused, oldestWaitingMs } = await this.queues.state(QUEUE);
    if ((oldestWaitingMs ?? 0) > STUCK_MS) return paused ? 'beat.queue_paused' : 'beat.queue_stuck';
    return 'beat.no_scheduler';
  }
}
