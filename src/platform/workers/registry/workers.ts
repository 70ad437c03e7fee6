import { Injectable, Logger } from '@nestjs/common';
import { parseJson } from '../../../core/json/index.js';
import { QUEUE_NAMES, type QueueName } from '../../queues/index.js';
import { WorkersUnavailableError } from '../workers.errors.js';
import { type WorkerFacts, workerFactsSchema } from './worker-facts.js';
import { type StoredWorker, type WorkerState, WorkerStore } from './worker-store.js';

/** A worker process, as it last told of itself. */
export interface WorkerInfo extends WorkerFacts {
  /** Host, process and a random part. */
  readonly id: string;
  readonly state: WorkerState;
  /** Its last heartbeat, in milliseconds since 1970 by Redis's clock. */
  readonly heardAt: number;
  /** Milliseconds since then, by the same clock. */
  readonly silentMs: number;
}

/** Which workers: those for which all of this is true. */
export interface WorkerFilter {
  readonly state?: WorkerState;
  /** They take tasks from it; one that is paused takes none. */
  readonly queue?: QueueName;
  /** Their ids come after this one. */
  readonly after?: string;
}

/**
 * The workers that there are, and those that there were in the last WORKER_REMEMBER_MS, 1000 at most.
 *
 * Redis's clock decides who is offline. After Redis was away all are, until their next heartbeats, three seconds later.
 */
@Injectable()
export class Workers {
  private readonly logger = new Logger(Workers.name);

  constructor(private readonly store: WorkerStore) {}

  /** By id. @throws WorkersUnavailableError when Redis does not answer. */
  async list({ state, queue, after = '' }: WorkerFilter = {}): Promise<WorkerInfo[]> {
    const infos = await this.read();
    return infos
      .filter((worker) => state === undefined || worker.state === state)
      .filter((worker) => queue === undefined || consumes(worker, queue))
      .filter(({ id }) => id > after)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** How many workers take tasks of each queue now. @throws WorkersUnavailableError */
  async consumers(): Promise<ReadonlyMap<QueueName, number>> {
    const infos = await this.list({ state: 'online' });
    const atWork = infos.filter(({ draining }) => !draining);
    return new Map(
      QUEUE_NAMES.map((queue) => [queue, atWork.filter((worker) => consumes(worker, queue)).length]),
    );
  }

  /** @throws WorkersUnavailableError when Redis does not answer. */
  async get(id: string): Promise<WorkerInfo | undefined> {
    const [info] = await this.read([id]);
    return info;
  }

  private async read(ids?: string[]): Promise<WorkerInfo[]> {
    try {
      const { now, workers } = await this.store.read(ids);
      return workers.flatMap((worker) => this.toInfo(worker, now) ?? []);
    } catch (error) {
      throw new WorkersUnavailableError(error);
    }
  }

  private toInfo({ id, state, heardAt, facts: json }: StoredWorker, now: number): WorkerInfo | undefined {
    const facts = workerFactsSchema.safeParse(parseJson(json));
    if (facts.success) return { id, state, heardAt, silentMs: now - heardAt, ...facts.data };
    this.logger.debug({ worker: id }, 'a worker of another release tells what this one cannot read');
    return undefined;
  }
}

/** Whether it takes tasks of the queue; one that is paused takes none. */
export const consumes = ({ queues }: Pick<WorkerFacts, 'queues'>, queue: QueueName): boolean =>
  queues.some(({ name, consuming }) => consuming && name === queue);
