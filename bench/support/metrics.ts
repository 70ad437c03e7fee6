/** The sum of a metric's samples at `/metrics` whose labels contain each of these `name="value"`. */
export async function metric(url: string, name: string, ...labels: readonly string[]): Promise<number> {
  const answer = await fetch(`${url}/metrics`);
  if (!answer.ok) throw new Error(`GET /metrics: status ${answer.status}`);
  const samples = (await answer.text())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  if (samples.length === 0) throw new Error(`there is no metric ${name}`);
  return samples
    .filter((line) => labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
