import { connect, type Socket } from 'node:net';

export interface HttpAnswer {
  status: number;
  /** A view of what came: valid until the next answer. */
  body: Buffer;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');
/** Enough of "HTTP/1.1 200" to find the status. */
const STATUS_AT = 9;

/**
 * One keep-alive connection that sends prepared bytes and reads answers with a Content-Length, one at a time: as
 * little as a client can do, so that one core can drive a server to its limit.
 */
export class HttpConnection {
  private readonly socket: Socket;
  private readonly onAnswer: (answer: HttpAnswer) => void;
  private readonly onError: (error: Error) => void;
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  /** Bytes of the answer under way, as soon as its head is known. */
  private wanted = 0;
  private closing = false;

  constructor(
    at: { host: string; port: number; localAddress?: string },
    handlers: {
      onOpen?: () => void;
      onAnswer: (answer: HttpAnswer) => void;
      onError: (error: Error) => void;
    },
  ) {
    this.onAnswer = handlers.onAnswer;
    this.onError = handlers.onError;
    this.socket = connect({ ...at, noDelay: true });
    if (handlers.onOpen) this.socket.once('connect', handlers.onOpen);
    this.socket.on('data', (data) => this.read(data));
    this.socket.once('error', handlers.onError);
    this.socket.once('close', () => {
      if (!this.closing) handlers.onError(new Error('the server closed the connection'));
    });
  }

  send(request: Buffer): void {
    this.socket.write(request);
  }

  close(): void {
    this.closing = true;
    this.socket.destroy();
  }

  private read(data: Buffer): void {
    this.pending.push(data);
    this.pendingBytes += data.length;
    if (this.pendingBytes < this.wanted) return;
    const all = this.pending.length === 1 ? data : Buffer.concat(this.pending);
    const end = all.indexOf(END_OF_HEAD);
    const length = end === -1 ? undefined : lengthOf(all.toString('latin1', 0, end));
    if (Number.isNaN(length)) {
      this.onError(new Error(`an answer without Content-Length: ${all.toString('latin1', 0, 500)}`));
      return;
    }
    this.wanted = length === undefined ? 0 : end + END_OF_HEAD.length + length;
    if (length === undefined || all.length < this.wanted) {
      this.pending = [all];
      return;
    }
    const answer = {
      status: Number(all.toString('latin1', STATUS_AT, STATUS_AT + 3)),
      body: all.subarray(this.wanted - length, this.wanted),
    };
    this.pending = [];
    this.pendingBytes = 0;
    this.wanted = 0;
    this.onAnswer(answer);
  }
}

/** `NaN` for an answer without a length, which a server of ours never gives to these requests. */
function lengthOf(head: string): number {
  return Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
}
