import { destination, type DestinationStream } from 'pino';

/** Characters of a block: about as much as a pipe holds. */
const BLOCK = 65_536;
/** Milliseconds that a line waits at most. */
const WAIT_MS = 100;

/**
 * Lines that go to stdout in blocks, for a write for each took a seventh of the time of a cached read; the last of them
 * after a tenth of a second. What is still here when the process
 * exits is written then; only SIGKILL loses it.
 *
 * pino's own destination can collect lines as well, but asks at each how many bytes it has, for which V8 makes one text
 * of all that is collected: at 8 KB a block that and the writes were two thirds of what the log costs
 * (docs/performance.md).
 */
class LineBlocks implements DestinationStream {
  private readonly stdout = destination({ dest: 1, sync: false });
  private block = '';
  private timer: NodeJS.Timeout | undefined;

  constructor() {
    process.on('exit', () => this.flushSync());
  }

  write(line: string): void {
    this.block += line;
    if (this.block.length >= BLOCK) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), WAIT_MS);
  }

  /** pino calls it for a fatal line, after which there may be no other chance. */
  flushSync(): void {
    this.flush();
    this.stdout.flushSync();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { block } = this;
    this.block = '';
    if (block !== '') this.stdout.write(block);
  }
}

let blocks: LineBlocks | undefined;

/** The one stdout of this process, in blocks. */
export const stdoutInBlocks = (): DestinationStream => (blocks ??= new LineBlocks());
