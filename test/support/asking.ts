export interface Asked {
  status: number;
  /** Milliseconds until the whole answer was there. */
  ms: number;
  body: string;
  headers: Headers;
}

/** Asks, and tells how long it took. */
export async function ask(url: string): Promise<Asked> {
  const start = performance.now();
  const answer = await fetch(url);
  const body = await answer.text();
  return { status: answer.status, ms: performance.now() - start, body, headers: answer.headers };
}

/** The sum of a metric of a process over the label sets that contain `labels`, e.g. `cache="quotes"`. */
export async function metricOf(url: string, name: string, ...labels: readonly string[]): Promise<number> {
  const { body } = await ask(`${url}/metrics`);
  return body
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
