import type { TaskColumn, TaskDetail } from '../../../platform/history/index.js';
import { harmless } from '../../../core/redaction/index.js';
import { type Column, duration, showFacts, showTable, timeOf, WHOLE } from '../show.js';
import type { Terminal } from '../terminal.js';
import { COLUMNS, STYLES, styleOf } from './task-columns.js';

/** One task, for people. */
export function showDetail(
  terminal: Terminal,
  { task, attempts, timeline, logs, children }: TaskDetail,
): void {
  const facts = (Object.keys(COLUMNS) as TaskColumn[]).map((name) => {
    const [heading, readFrom] = COLUMNS[name];
    return [heading, String(readFrom(task) ?? '')] as const;
  });
  showFacts(
    terminal,
    facts.filter(([, value]) => value !== ''),
  );
  section(terminal, 'Attempts', attempts, [
    ['START', ({ start }) => start],
    ['ATTEMPT', ({ attempt }) => attempt],
    ['WORKER', ({ worker }) => worker],
    [
      'OUTCOME',
      ({ outcome }) => outcome ?? 'running',
      { style: ({ outcome }) => STYLES[outcome ?? 'active'] },
    ],
    ['STARTED', ({ startedAt }) => timeOf(startedAt), WHOLE],
    ['TOOK', ({ runtimeMs }) => (runtimeMs === null ? '' : duration(runtimeMs))],
    ['ERROR', ({ errorClass, errorMessage }) => (errorClass ? `${errorClass}: ${errorMessage ?? ''}` : '')],
  ]);
  section(terminal, 'Timeline', timeline, [
    ['AT', ({ at }) => at.toISOString(), WHOLE],
    ['WHAT', ({ what }) => what],
    ['WORKER', ({ worker }) => worker ?? ''],
    ['', ({ detail }) => detail ?? ''],
  ]);
  section(terminal, 'Log', logs, [
    ['AT', ({ at }) => at.toISOString(), WHOLE],
    ['START', ({ start }) => start],
    ['MESSAGE', ({ message }) => message],
    ['FIELDS', ({ fields }) => (fields ? JSON.stringify(fields) : '')],
  ]);
  section(terminal, 'Tasks that it has enqueued', children, [
    ['TASK', ({ id }) => id, WHOLE],
    ['NAME', ({ name }) => name],
    ['STATE', ({ state }) => state, { style: styleOf }],
    ['ENQUEUED', ({ enqueuedAt }) => timeOf(enqueuedAt), WHOLE],
  ]);
  const trace = attempts.findLast((attempt) => attempt.trace !== null)?.trace;
  if (trace) terminal.out(`\nTrace of the latest error\n${harmless(trace).replaceAll(/^/gm, '  ')}\n`);
}

function section<T>(
  terminal: Terminal,
  title: string,
  rows: readonly T[],
  columns: readonly Column<T>[],
): void {
  if (rows.length === 0) return;
  terminal.out(`\n${title}\n`);
  showTable(terminal, rows, columns);
}

/** As the API has it. */
export function detailJson(
  { task, attempts, timeline, logs, children }: TaskDetail,
  columns: readonly TaskColumn[],
): object {
  return {
    ...Object.fromEntries(columns.map((name) => [name, task[name]])),
    attempts: attempts.map(({ taskId: _, ...attempt }) => attempt),
    timeline,
    logs: logs.map(({ start, at, message, fields }) => ({ start, at, message, fields })),
    children,
  };
}
