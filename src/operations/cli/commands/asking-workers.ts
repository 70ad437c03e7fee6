import { InvalidArgumentError, type Command } from 'commander';
import type { WorkerCommand } from '../../../platform/workers/index.js';
import { READINGS } from '../names.js';
import type { Tools } from '../tools.js';
import { type Column, showJson, showList } from '../show.js';

export interface WorkerOptions {
  worker?: string[];
  timeout: number;
  json?: boolean;
}

/** The options of every command that goes to workers. */
export function toWorkers(command: Command): Command {
  return command
    .option('-w, --worker <id...>', 'only these workers; without it all that are online')
    .option('-t, --timeout <seconds>', 'how long to wait for answers', seconds, 2);
}

/**
 * Asks or tells the workers, and shows what they answer. Ends with status 1 when one did not answer or could not do it.
 * @param rowsOf what one worker's answer comes to in the table.
 */
export async function askWorkers<T>(
  { open, terminal, fail }: Tools,
  command: WorkerCommand,
  { worker: destinations, timeout, json }: WorkerOptions,
  rowsOf: (workerId: string, result: Record<string, unknown>) => T[],
  columns: readonly Column<T>[],
): Promise<void> {
  // Limits are set for tasks that are known by name, which only the features are able to tell.
  const part = command.type === 'rate-limit' || command.type === 'time-limit' ? 'features' : 'operations';
  const { workerControl, audit } = await open(part);
  const tell = async () =>
    workerControl.tell(command, { ...(destinations && { destinations }), timeoutMs: timeout * 1000 });
  const { replies, silent, everywhere } = READINGS.has(command.type)
    ? await tell()
    : await audit.record(
        `cli.control.${command.type}`,
        `${JSON.stringify(command)} to ${destinations?.join(', ') ?? 'all workers'}`,
        tell,
        (outcome) =>
          `done by ${outcome.replies.filter(({ ok }) => ok).length}, refused by ${outcome.replies.filter(({ ok }) => !ok).length}, silent ${outcome.silent.length}`,
      );
  const rows = replies.flatMap((reply) =>
    reply.ok ? rowsOf(reply.workerId, reply.result as Record<string, unknown>) : [],
  );
  if (json) showJson(terminal, { replies, silent, everywhere });
  else if (everywhere && replies.length === 0)
    terminal.note('No worker has answered. It holds for all of them, also those to come.\n');
  else if (replies.length === 0) terminal.note('No worker has answered.\n');
  else showList(terminal, false, rows, columns, 'There is nothing.');
  for (const reply of replies) if (!reply.ok) terminal.note(`${reply.workerId}: ${reply.error.message}\n`);
  for (const id of silent) terminal.note(`${id} did not answer within ${timeout} s.\n`);
  if ((replies.length === 0 && !everywhere) || silent.length > 0 || replies.some(({ ok }) => !ok)) fail(1);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 60)) throw new InvalidArgumentError('Expected 0.1 to 60 seconds.');
  return value;
}

/** A whole number from 1 to 3000. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 3000)
    throw new InvalidArgumentError('Expected a whole number from 1 to 3000.');
  return value;
}
