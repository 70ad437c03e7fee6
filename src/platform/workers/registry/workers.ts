import { Injectable, Logger } from '@nestjs/common';
import { parseJson } from '../../../core/json/index.js';
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
  async list(): Promise<WorkerInfo[]> {
    const infos = await this.read();
    return infos.sort((a, b) => (a.id < b.id ? -1 : 1));
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
