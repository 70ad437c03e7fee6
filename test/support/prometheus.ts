import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../../scripts/services/index.ts';
import {
  findOrUnpackPrometheus,
  type PrometheusProgram,
} from '../../scripts/services/prometheus-binaries.ts';
import { Program } from './program.js';

/** One element of an instant vector. */
export interface Sample {
  metric: Record<string, string>;
  value: number;
}

export interface FiringAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  state: 'pending' | 'firing';
}

interface Answer<T> {
  status: 'success' | 'error';
  data: T;
  error?: string;
}

/** Where a program of Prometheus, or Alertmanager's tool, is; brings it when this machine has none. */
export async function prometheusProgram(program: PrometheusProgram): Promise<string> {
  return findOrUnpackPrometheus(program, '.gleaner/prometheus', process.env.PATH ?? '', console.log);
}

/** A real Prometheus with a configuration of a test, on a port and in a folder of its own. */
export class Prometheus {
  private constructor(
    readonly url: string,
    private readonly program: Program,
    private readonly folder: string,
  ) {}

  /** @param configuration what would be in prometheus.yml, as JSON, which YAML contains. */
  static async start(configuration: object): Promise<Prometheus> {
    const binary = await prometheusProgram('prometheus');
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-prometheus-'));
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(configuration));
    const port = await findFreePort();
    const program = new Program(
      binary,
      [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      { env: { PATH: process.env.PATH } },
    );
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`, program, folder);
    await program.until('it is ready', async () => {
      const answer = await fetch(`${prometheus.url}/-/ready`);
      return answer.ok ? true : undefined;
    });
    return prometheus;
  }

  /** @throws Error with what Prometheus says of a query that it does not understand. */
  async query(expression: string): Promise<Sample[]> {
    const { result } = await this.get<{
      result: { metric: Record<string, string>; value: [number, string] }[];
    }>('query', { query: expression });
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  async alerts(): Promise<FiringAlert[]> {
    return (await this.get<{ alerts: FiringAlert[] }>('alerts', {})).alerts;
  }

  async stop(): Promise<void> {
    this.program.kill('SIGTERM');
    await this.program.exit();
    await rm(this.folder, { recursive: true });
  }

  private async get<T>(path: string, parameters: Record<string, string>): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const { status, data, error } = (await answer.json()) as Answer<T>;
    if (status !== 'success') throw new Error(`${error}\n${Object.values(parameters).join('\n')}`);
    return data;
  }
}
