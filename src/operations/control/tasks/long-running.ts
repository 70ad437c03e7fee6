import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type TaskDto, toTaskItem } from './task.dto.js';
import { ALL_COLUMNS, selectList, type TaskRow } from '../../../platform/history/index.js';

const MAX_LONG_RUNNING = 100;

/** Tasks that take long. There are only so many active ones: all of them are read. */
@Injectable()
export class LongRunning {
  constructor(private readonly dataSource: DataSource) {}

  /** Those that have run for at least so many seconds and do still, the longest first; a hundred at most. */
  async over(seconds: number): Promise<TaskDto[]> {
    const rows: TaskRow[] = await this.dataSource.query(
      `WITH running AS MATERIALIZED (SELECT * FROM task WHERE state = 'active')
       SELECT ${selectList(ALL_COLUMNS)} FROM running WHERE started_at <= now() - make_interval(secs => $1)
       ORDER BY started_at, id LIMIT ${MAX_LONG_RUNNING}`,
      [seconds],
    );
    return rows.map((row) => toTaskItem(row) as TaskDto);
  }
}
