import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findFreePort } from '../../scripts/services/index.ts';
import { Program } from './program.js';
import { findOrInstallAlertmanager } from '../../scripts/services/prometheus-binaries.ts';

/** What Alertmanager is told of an alert. */
interface Alert {
  labels: Record<string, string>;
}

export interface AlertmanagerConfiguration {
  route: object;
  receivers: { name: string }[];
}

/** A real Alertmanager whose receivers are all one web server, which remembers what each was told. */
export class Alertmanager implements AsyncDisposable {
  readonly told: { receiver: string; alerts: string[] }[] = [];

  private constructor(
    private readonly url: string,
    private readonly program: Program,
    private readonly server: Server,
    private readonly folder: string,
  ) {}

  /** @param configuration of which the routes and inhibitions are kept; it waits for nothing. */
  static async start(configuration: AlertmanagerConfiguration): Promise<Alertmanager> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port: hook } = server.address() as AddressInfo;
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-alertmanager-'));
    const impatient = (key: string, value: unknown): unknown =>
      key === 'group_wait' || key === 'group_interval' ? '1s' : value;
    const receivers = configuration.receivers.map(({ name }) => ({
      name,
      webhook_configs: [{ url: `http://127.0.0.1:${hook}/${name}` }],
    }));
    await writeFile(
      join(folder, 'alertmanager.yml'),
      JSON.stringify({ ...configuration, receivers }, impatient),
    );
    const port = await findFreePort();
    const program = new Program(
      await findOrInstallAlertmanager(process.env.PATH ?? '', join(folder, 'install.log'), console.log),
      [
        `--config.file=${folder}/alertmanager.yml`,
        `--storage.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=',
      ],
      { env: { PATH: process.env.PATH } },
    );
    const alertmanager = new Alertmanager(`http://127.0.0.1:${port}`, program, server, folder);
    server.on('request', (request, response) => {
      void text(request).then((body) => {
        const { alerts } = JSON.parse(body) as { alerts: Alert[] };
        const names = alerts.map(({ labels }) => labels.alertname ?? '');
        alertmanager.told.push({ receiver: (request.url ?? '').slice(1), alerts: names.sort() });
        response.end();
      });
    });
    await program.until('it is ready', async () => {
      const answer = await fetch(`${alertmanager.url}/-/ready`);
      return answer.ok ? true : undefined;
    });
    return alertmanager;
  }

  /** Tells it of alerts, as Prometheus does. */
  async fire(alerts: readonly Alert[]): Promise<void> {
    const answer = await fetch(`${this.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alerts),
    });
    if (!answer.ok) throw new Error(`Alertmanager: ${answer.status} ${await answer.text()}`);
  }

  /** The alerts that nobody is told of, because of others. */
  async inhibited(): Promise<string[]> {
    const answer = await fetch(`${this.url}/api/v2/alerts`);
    const alerts = (await answer.json()) as (Alert & { status: { inhibitedBy: string[] } })[];
    const found = alerts.filter(({ status }) => status.inhibitedBy.length > 0);
    return found.map(({ labels }) => labels.alertname ?? '').sort();
  }

  /** What a receiver has been told of so far, each alert once. */
  toldOf(receiver: string): string[] {
    const alerts = this.told.filter((message) => message.receiver === receiver).flatMap((one) => one.alerts);
    return [...new Set(alerts)].sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.program.kill('SIGTERM');
    await this.program.exit();
    this.server.close();
    this.server.closeAllConnections();
    await rm(this.folder, { recursive: true });
  }
}
