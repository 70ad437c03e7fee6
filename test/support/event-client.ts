import { eventually } from './eventually.js';
import { bearer } from './test-key.js';

export interface ReceivedEvent {
  event: string;
  id: string;
  data: Record<string, unknown>;
}

/** A client of server-sent events, as EventSource is one. */
export class EventClient implements AsyncDisposable {
  readonly events: ReceivedEvent[] = [];
  lastId = '';
  /** Whether the server has ended the stream. */
  hasEnded = false;

  private constructor(
    readonly answer: Response,
    private readonly leaving: AbortController,
  ) {}

  /** Resolves when the server has answered, and with a good answer when it has said that it is ready. */
  static async open(url: string, query = '', lastEventId?: string): Promise<EventClient> {
    const leaving = new AbortController();
    const answer = await fetch(`${url}/api/v1/ops/events${query}`, {
      headers: { ...bearer('viewer'), ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
      signal: leaving.signal,
    });
    const client = new EventClient(answer, leaving);
    if (!answer.ok) return client;
    void client.read();
    await client.until('ready', ({ event }) => event === 'ready');
    return client;
  }

  /** All events, once one of them is as wanted. */
  async until(
    what: string,
    isIt: (event: ReceivedEvent) => boolean,
    deadlineMs?: number,
  ): Promise<ReceivedEvent[]> {
    const found = async () => (this.events.some(isIt) ? this.events : undefined);
    return eventually(`an event: ${what}`, found, deadlineMs);
  }

  /** What `state` of a task or worker was told, in that order. */
  statesOf(id: string): unknown[] {
    return this.events.filter(({ data }) => data.id === id).map(({ data }) => data.state);
  }

  leave(): void {
    this.leaving.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.leave();
  }

  private async read(): Promise<void> {
    let text = '';
    try {
      for await (const chunk of this.answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.take(block);
      }
      this.hasEnded = true;
    } catch (error) {
      if (!this.leaving.signal.aborted) throw error;
    }
  }

  private take(block: string): void {
    const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    this.lastId = fields.get('id') ?? this.lastId;
    const [event, data] = [fields.get('event'), fields.get('data')];
    if (event !== undefined && data !== undefined)
      this.events.push({ event, id: this.lastId, data: JSON.parse(data) as Record<string, unknown> });
  }
}
