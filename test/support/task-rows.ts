/** The database with the history. */
interface Statements {
  query(sql: string, values?: unknown[]): Promise<unknown>;
}

/** Columns of `task`, by their names in the database; what is left out is as of a task that waits. */
export interface TaskRow {
  id: string;
  name?: string;
  queue?: string;
  state?: string;
  seq?: number;
  args?: unknown;
  /** JSON that differs from `args`. */
  payload?: unknown;
  result?: unknown;
  attempt?: number;
  max_attempts?: number;
  starts?: number;
  worker?: string | null;
  error_class?: string | null;
  error_code?: string | null;
  error_message?: string | null;
  correlation_id?: string | null;
  parent_id?: string | null;
  root_id?: string | null;
  retry_of?: string | null;
  enqueued_at?: Date;
  eta?: Date | null;
  started_at?: Date | null;
  finished_at?: Date | null;
  runtime_ms?: number | null;
}

const WAITING: Omit<TaskRow, 'id'> = {
  name: 'test.task',
  queue: 'default',
  state: 'pending',
  seq: 0,
  args: {},
  attempt: 0,
  max_attempts: 3,
  starts: 0,
};

/** Puts tasks into the history, as if they had been recorded. */
export async function insertTasks(environment: Statements, rows: readonly TaskRow[]): Promise<void> {
  const now = new Date();
  const full = rows.map((row) => ({
    ...WAITING,
    enqueued_at: now,
    version: 1,
    critical: false,
    updated_at: now,
    ...row,
  }));
  await environment.query('INSERT INTO task SELECT * FROM jsonb_populate_recordset(NULL::task, $1)', [
    JSON.stringify(full),
  ]);
}

/**
 * A history as it could have come about in two weeks: most tasks succeeded within a second, one in a hundred failed,
 * a few run or wait, the newest of them.
 */
export async function generateTasks(environment: Statements, count: number): Promise<void> {
  await environment.query(
    `INSERT INTO task (id, name, queue, state, seq, version, args, attempt, max_attempts, starts, worker,
       error_class, error_message, fingerprint, correlation_id, root_id, parent_id, enqueued_at, started_at, finished_at,
       runtime_ms)
     SELECT md5(n::text), name, CASE n % 10 WHEN 0 THEN 'high' WHEN 1 THEN 'low' ELSE 'default' END, state, 19, 1,
       jsonb_build_object('source', CASE WHEN n % 50000 = 7 THEN 'rare' ELSE 'source-' || n % 20 END, 'page', n,
         'url', 'https://example.org/pages/' || md5(n::text)),
       1, 3, 1, CASE WHEN state NOT IN ('pending', 'scheduled') THEN 'host-' || n % 8 || '-' || n / 100000 END,
       CASE WHEN state = 'failed' OR n % 50 = 1 THEN 'FetchError' END,
       CASE WHEN state = 'failed' OR n % 50 = 1 THEN
         CASE WHEN n % 20000 = 99 THEN 'certificate of example.org expired' ELSE 'GET https://example.org/' || n || ' timed out after 30 s' END END,
       CASE WHEN state = 'failed' THEN md5((n % 10)::text) END,
       md5((n / 500)::text), md5((n / 500)::text), md5((n / 20)::text), at, at + interval '50 ms',
       CASE WHEN state IN ('succeeded', 'failed', 'revoked') THEN at + runtime * interval '1 ms' END,
       CASE WHEN state IN ('succeeded', 'failed') THEN runtime END
     FROM generate_series(1, $1::int) n
     CROSS JOIN LATERAL (SELECT
       CASE WHEN n <= 3 THEN 'report.monthly' WHEN n % 100 = 0 THEN 'scrape.run' WHEN n % 10 = 5 THEN 'mail.send' ELSE 'scrape.page' END AS name,
       CASE WHEN n > $1 - 50 THEN 'active' WHEN n > $1 - 2000 THEN 'pending' WHEN n % 100 = 99 THEN 'failed'
         WHEN n % 1000 = 500 THEN 'revoked' ELSE 'succeeded' END AS state,
       CASE WHEN n % 5000 = 3 THEN 45000 ELSE n % 900 END AS runtime,
       timestamptz '2026-01-01Z' + n * (interval '14 days' / $1::int) AS at) t`,
    [count],
  );
  await environment.query('VACUUM ANALYZE task');
}
