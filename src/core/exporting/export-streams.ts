import { finished, Readable } from 'node:stream';

/** How an export ended: with its last row; because the client left or the process shut down; by a fault; not begun. */
export const EXPORT_OUTCOMES = ['completed', 'interrupted', 'failed', 'refused'] as const;
export type ExportOutcome = (typeof EXPORT_OUTCOMES)[number];

/** How rows are written one after another. */
export interface ExportFormat<R> {
  readonly mediaType: string;
  /** What stands before the first row, and behind the last. */
  readonly begin: string;
  readonly end: string;
  /** @param first whether nothing was written before. */
  write(row: R, first: boolean): string;
}

/** Rows in their order, and where to go on; without `next` there are no more. */
export interface ExportBatch<R, P> {
  readonly rows: readonly R[];
  readonly next: P | undefined;
}

export interface ExportWork<R, P> {
  readonly format: ExportFormat<R>;
  /** Read before anything is sent. */
  readonly first: ExportBatch<R, P>;
  readonly read: (after: P) => Promise<ExportBatch<R, P>>;
  /** Called when a batch was read that gives nothing to send. */
  readonly stillAtWork: () => void;
}

/**
 * Sends rows as one stream, in constant memory and without a transaction:
 *
 * 1. The first batch is read before anything is sent, so that what is wrong with the request, or with the database, is
 *    answered as everywhere else.
 * 2. Each further batch is read when the client has taken the one before. Nothing is held in between but its place: a
 *    client may take hours, and a pooler may stand in between.
 * 3. An error on the way destroys the stream, so that the connection is cut: what is incomplete cannot look complete.
 *    When the client leaves, the stream is destroyed from the other side, and nobody reads on.
 */
export class ExportStreams {
  private readonly ending = new AbortController();
  private begun = 0;

  /**
   * @param atOnce streams of this process at most.
   * @param ended hears how each has ended, with the error if it failed.
   */
  constructor(
    private readonly atOnce: number,
    private readonly ended: (outcome: ExportOutcome, error?: unknown) => void,
  ) {}

  /**
   * Begins an export. The caller must read the stream, or destroy it.
   * @throws what `refusal` gives, when there are as many as there may be; what `prepare` throws.
   */
  async begin<R, P>(prepare: () => Promise<ExportWork<R, P>>, refusal: () => Error): Promise<Readable> {
    if (this.begun >= this.atOnce) {
      this.ended('refused');
      throw refusal();
    }
    this.begun++;
    try {
      const stream = Readable.from(textOf(await prepare()), {
        objectMode: false,
        signal: this.ending.signal,
      });
      this.watch(stream);
      return stream;
    } catch (error) {
      this.begun--;
      throw error;
    }
  }

  /** On shutdown: else the server would wait for the slowest client before it ends. */
  end(): void {
    this.ending.abort();
  }

  private watch(stream: Readable): void {
    finished(stream, { writable: false }, (error) => {
      this.begun--;
      this.ended(outcomeOf(error), error);
    });
  }
}

async function* textOf<R, P>({ format, first, read, stillAtWork }: ExportWork<R, P>): AsyncGenerator<string> {
  if (format.begin !== '') yield format.begin;
  let nothingYet = true;
  let batch = first;
  for (;;) {
    let text = '';
    for (const row of batch.rows) {
      text += format.write(row, nothingYet);
      nothingYet = false;
    }
    if (text !== '') yield text;
    else stillAtWork();
    if (batch.next === undefined) break;
    batch = await read(batch.next);
  }
  if (format.end !== '') yield format.end;
}

function outcomeOf(error: NodeJS.ErrnoException | null | undefined): ExportOutcome {
  if (!error) return 'completed';
  const left = error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.name === 'AbortError';
  return left ? 'interrupted' : 'failed';
}
