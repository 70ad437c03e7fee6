import { bearer } from './test-key.js';

/** An answer of the operators' API, with its JSON. */
export interface OpsAnswer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** Talks to the operators' API as somebody with a key of a role, or with none. */
export class Ops {
  constructor(
    private readonly url: string,
    private readonly role: 'viewer' | 'operator' | 'admin' | 'nobody' = 'operator',
  ) {}

  async get<T>(path: string): Promise<OpsAnswer<T>> {
    return this.ask('GET', path);
  }

  async post<T>(path: string, body?: object): Promise<OpsAnswer<T>> {
    return this.ask('POST', path, body);
  }

  /** @returns the status: there is nothing else. */
  async delete(path: string): Promise<number> {
    return (await fetch(`${this.url}/api/v1/ops${path}`, { method: 'DELETE', headers: this.key })).status;
  }

  async text(path: string): Promise<string> {
    return (await fetch(`${this.url}/api/v1/ops${path}`, { headers: this.key })).text();
  }

  private get key(): Record<string, string> {
    return this.role === 'nobody' ? {} : bearer(this.role);
  }

  private async ask<T>(method: string, path: string, body?: object): Promise<OpsAnswer<T>> {
    const answer = await fetch(`${this.url}/api/v1/ops${path}`, {
      method,
      headers: { ...this.key, ...(body && { 'content-type': 'application/json' }) },
      body: body ? JSON.stringify(body) : null,
    });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as T };
  }
}

/** The path with these query parameters. */
export const asking = (path: string, parameters: Record<string, string>): string =>
  `${path}?${new URLSearchParams(parameters).toString()}`;
