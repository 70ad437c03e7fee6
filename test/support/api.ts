import { expect } from 'vitest';
import type { Page } from '../../src/core/http/index.js';
import type { QuoteDto } from '../../src/features/quotes/reading/quote.dto.js';
import type { RunDto } from '../../src/features/scraping/runs/run.dto.js';
import { eventually } from './eventually.js';
import { bearer } from './test-key.js';

/** Talks to the REST API of an app as a client would. */
export class Api {
  constructor(private readonly url: string) {}

  /** The JSON of an answer whose status is 200. */
  async get<T>(path: string): Promise<T> {
    const answer = await fetch(this.url + path);
    expect(answer.status, `GET ${path}`).toBe(200);
    return (await answer.json()) as T;
  }

  async quotes(query = ''): Promise<Page<QuoteDto>> {
    return this.get(`/api/v1/quotes${query}`);
  }

  /** Every item of a list, page by page. */
  async all<T>(path: string, limit = 100): Promise<T[]> {
    const items: T[] = [];
    const separator = path.includes('?') ? '&' : '?';
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = `${separator}limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`;
      const page: Page<T> = await this.get(path + query);
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    return items;
  }

  /** The JSON of a good answer to a POST. */
  async post<T>(path: string, sent?: object): Promise<T> {
    const json = sent && { 'content-type': 'application/json' };
    const answer = await fetch(this.url + path, {
      method: 'POST',
      headers: { ...bearer(), ...json },
      body: sent ? JSON.stringify(sent) : null,
    });
    const body: unknown = await answer.json();
    expect(answer.ok, `POST ${path}: ${JSON.stringify(body)}`).toBe(true);
    return body as T;
  }

  /** Asks for a run of a source. @returns the path of the run. */
  async startRun(source = 'quotes'): Promise<string> {
    const answer = await fetch(`${this.url}/api/v1/sources/${source}/runs`, {
      method: 'POST',
      headers: bearer(),
    });
    expect(answer.status).toBe(202);
    return answer.headers.get('location') ?? '';
  }

  async run(path: string): Promise<RunDto> {
    return this.get(path);
  }

  async ended(path: string, deadlineMs?: number): Promise<RunDto> {
    return eventually(
      `the end of ${path}`,
      async () => {
        const run = await this.run(path);
        return run.status === 'pending' || run.status === 'running' ? undefined : run;
      },
      deadlineMs,
    );
  }

  async scrape(source?: string, deadlineMs?: number): Promise<RunDto> {
    return this.ended(await this.startRun(source), deadlineMs);
  }
}
