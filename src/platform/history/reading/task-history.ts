import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { NotFoundError } from '../../../core/errors/index.js';
import { TaskAttempt } from '../entities/task-attempt.entity.js';
import { TaskLog } from '../entities/task-log.entity.js';
import { Task } from '../entities/task.entity.js';
import { type Moment, timelineOf } from './timeline.js';

const MAX_ATTEMPTS = 100;
const MAX_LOGS = 1000;
const MAX_CHILDREN = 100;

export interface TaskDetail {
  /** Without its payload, which can hold secrets; `args` cannot. */
  readonly task: Task;
  /** The latest 100, in order. */
  readonly attempts: TaskAttempt[];
  /** The latest 1000 lines, in order. */
  readonly logs: TaskLog[];
  /** Tasks that it has enqueued, the newest 100, the newest first. */
  readonly children: Pick<Task, 'id' | 'name' | 'state' | 'enqueuedAt'>[];
  readonly timeline: Moment[];
}

/** What is known of single tasks. */
@Injectable()
export class TaskHistory {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws NotFoundError: it never was, it is too old, or it was enqueued less than a second ago. */
  async get(id: string): Promise<TaskDetail> {
    const { manager } = this.dataSource;
    const task = await manager.findOne(Task, { where: { id } });
    if (!task) throw new NotFoundError('task', id);
    const [attempts, logs, children] = await Promise.all([
      manager.find(TaskAttempt, { where: { taskId: id }, order: { start: 'DESC' }, take: MAX_ATTEMPTS }),
      manager.find(TaskLog, { where: { taskId: id }, order: { id: 'DESC' }, take: MAX_LOGS }),
      manager.query<TaskDetail['children']>(
        // The few of a parent are sorted; the planner must not look for them in the order of time.
        `WITH child AS MATERIALIZED (SELECT id, name, state, enqueued_at FROM task WHERE parent_id = $1)
         SELECT id, name, state, enqueued_at AS "enqueuedAt" FROM child
         ORDER BY enqueued_at DESC, id DESC LIMIT ${MAX_CHILDREN}`,
        [id],
      ),
    ]);
    attempts.reverse();
    logs.reverse();
    return { task, attempts, logs, children, timeline: timelineOf(task, attempts) };
  }

  /** What the task was sent with, whole and unredacted: not for people, but for sending it again. */
  async payloadOf(id: string): Promise<unknown> {
    const [row] = await this.dataSource.query<[{ payload: unknown } | undefined]>(
      'SELECT coalesce(payload, args::json) AS payload FROM task WHERE id = $1',
      [id],
    );
    if (!row) throw new NotFoundError('task', id);
    return row.payload;
  }
}
