import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { NotFoundError } from '../../../core/errors/index.js';
import { ALL_COLUMNS, selectList } from './task-columns.js';
import { type TaskDetailDto, type TaskDto, toTaskItem } from './task.dto.js';
import type { TaskRow } from './task.finder.js';
import { type AttemptRow, timelineOf } from './timeline.js';

const MAX_ATTEMPTS = 100;
const MAX_LINES = 1000;
const MAX_CHILDREN = 100;
const MAX_LONG_RUNNING = 100;

/** One task with all that is known of it, and those that take long. */
@Injectable()
export class TaskReader {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws NotFoundError */
  async get(id: string): Promise<TaskDetailDto> {
    const [task]: TaskRow[] = await this.dataSource.query(
      `SELECT ${selectList(ALL_COLUMNS)} FROM task WHERE id = $1`,
      [id],
    );
    if (!task) throw new NotFoundError('task', id);
    const [attempts, logs, children] = await Promise.all([
      this.attempts(id),
      this.latest(
        `SELECT id, start, at, message, fields FROM task_log WHERE task_id = $1 ORDER BY id DESC`,
        id,
        MAX_LINES,
      ),
      this.latest(
        // The few of a parent are sorted; the planner must not look for them in the order of time.
        `WITH child AS MATERIALIZED (SELECT id, name, state, enqueued_at FROM task WHERE parent_id = $1)
         SELECT id, name, state, enqueued_at AS "enqueuedAt" FROM child ORDER BY enqueued_at DESC, id DESC`,
        id,
        MAX_CHILDREN,
      ),
    ]);
    const dto = toTaskItem(task) as TaskDto;
    return {
      ...dto,
      attempts: attempts.map((row) => toTaskItem(row as TaskRow) as never),
      timeline: timelineOf(dto, attempts),
      logs: logs.toReversed().map(({ id: _, ...line }) => toTaskItem(line) as never),
      children: children.map((row) => toTaskItem(row) as never),
    };
  }

  /** The tasks that have run for at least so many seconds and do still, the longest first; a hundred at most. */
  async longRunning(seconds: number): Promise<TaskDto[]> {
    const rows: TaskRow[] = await this.dataSource.query(
      `WITH running AS MATERIALIZED (SELECT * FROM task WHERE state = 'active')
       SELECT ${selectList(ALL_COLUMNS)} FROM running WHERE started_at <= now() - make_interval(secs => $1)
       ORDER BY started_at, id LIMIT ${MAX_LONG_RUNNING}`,
      [seconds],
    );
    return rows.map((row) => toTaskItem(row) as TaskDto);
  }

  private async attempts(id: string): Promise<AttemptRow[]> {
    const rows: AttemptRow[] = await this.dataSource.query(
      `SELECT start, attempt, worker, outcome, started_at AS "startedAt", finished_at AS "finishedAt",
         runtime_ms AS "runtimeMs", retry_at AS "retryAt", error_class AS "errorClass", error_code AS "errorCode",
         error_message AS "errorMessage", trace
       FROM task_attempt WHERE task_id = $1 ORDER BY start DESC LIMIT ${MAX_ATTEMPTS}`,
      [id],
    );
    return rows.toReversed();
  }

  private async latest(sql: string, id: string, limit: number): Promise<TaskRow[]> {
    return this.dataSource.query(`${sql} LIMIT ${limit}`, [id]);
  }
}
