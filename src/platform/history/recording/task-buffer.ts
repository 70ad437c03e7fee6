import type { TaskEvent } from '../../queues/index.js';
import { applyEvent } from './apply-event.js';
import { newChange, shownTask, type TaskChange } from './task-change.js';

/** Bounds of what waits to be written. */
export interface BufferBounds {
  readonly tasks: number;
  readonly bytes: number;
}

/** What was left out, because it would not have fitted. */
export type Dropped = 'sent' | 'log' | undefined;

/** What is new of tasks since it was last written: however much happens to one, it is one change. */
export class TaskBuffer {
  private readonly changes = new Map<string, TaskChange>();
  private size = 0;

  constructor(private readonly bounds: BufferBounds) {}

  get tasks(): number {
    return this.changes.size;
  }

  /** Characters of JSON and text, roughly. */
  get bytes(): number {
    return this.size;
  }

  /** Above this no more work should be taken on; what comes from what is under way still fits. */
  get isHalfFull(): boolean {
    return this.tasks > this.bounds.tasks / 2 || this.size > this.bounds.bytes / 2;
  }

  private get isFull(): boolean {
    return this.tasks >= this.bounds.tasks || this.size >= this.bounds.bytes;
  }

  /**
   * What a worker does is always kept: it takes nothing on while this is half full. Of tasks that were only sent the
   * oldest are dropped, for they are still on their queues, where the reconciler finds them; and lines of logs.
   */
  add(event: TaskEvent): Dropped {
    let dropped: Dropped;
    if (this.isFull) {
      if (event.type === 'log') return 'log';
      if (event.type === 'sent') {
        if (!this.dropOldestSent()) return 'sent';
        dropped = 'sent';
      }
    }
    const change = this.changeOf(event);
    const before = extraBytes(change);
    applyEvent(change, event);
    this.size += extraBytes(change) - before;
    return dropped;
  }

  /** Takes out the oldest changes, sorted by id, as `write` wants them. */
  take(atMost: BufferBounds): TaskChange[] {
    const taken: TaskChange[] = [];
    let bytes = 0;
    for (const change of this.changes.values()) {
      bytes += bytesOf(change);
      if (taken.length === atMost.tasks || (taken.length > 0 && bytes > atMost.bytes)) break;
      taken.push(change);
    }
    for (const change of taken) this.remove(change);
    return taken;
  }

  private changeOf(event: TaskEvent): TaskChange {
    const { id } = event.task;
    let change = this.changes.get(id);
    if (!change) {
      change = newChange(id);
      this.changes.set(id, change);
    }
    if (!change.task && event.type !== 'withdrawn') {
      change.task = shownTask(event.task);
      this.size += change.task.bytes;
    }
    return change;
  }

  private dropOldestSent(): boolean {
    const [oldest] = this.changes.values();
    if (oldest?.seq !== 0) return false;
    this.remove(oldest);
    return true;
  }

  private remove(change: TaskChange): void {
    this.changes.delete(change.id);
    this.size -= bytesOf(change);
  }
}

const bytesOf = (change: TaskChange): number => (change.task?.bytes ?? 0) + extraBytes(change);

/** What a change takes beside its task. */
function extraBytes({ result, progress, attempts, logBytes }: TaskChange): number {
  let bytes = (result?.length ?? 0) + (progress?.length ?? 0) + logBytes;
  for (const { failure } of attempts.values())
    bytes += 200 + (failure ? failure.errorMessage.length + (failure.trace?.length ?? 0) : 0);
  return bytes;
}
