import Bull from 'bull';
import { findFreePort } from '../../scripts/services/index.ts';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from './api.js';
import { createEnvironment, type TestEnvironment } from './environment.js';
import { GleanerProcess } from './gleaner-process.js';
import { Prometheus } from './prometheus.js';
import { bearer } from './test-key.js';

/** A Gleaner process that does everything, seen by a real Prometheus from its first second on. */
export class Monitored implements AsyncDisposable {
  private constructor(
    private readonly site: Site,
    private readonly environment: TestEnvironment,
    readonly prometheus: Prometheus,
    private readonly app: GleanerProcess,
    private readonly url: string,
  ) {}

  static async start(): Promise<Monitored> {
    const site = await startSite();
    const port = await findFreePort();
    const environment = await createEnvironment({
      MODE: 'all',
      PORT: String(port),
      LOG_LEVEL: 'info',
      QUOTES_START_URL: site.url,
    });
    // Before the application: what happens while it boots is an increase as well.
    const prometheus = await Prometheus.start({
      global: { scrape_interval: '1s' },
      scrape_configs: [{ job_name: 'gleaner', static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
    });
    const app = GleanerProcess.spawn(environment.env);
    return new Monitored(site, environment, prometheus, app, await app.listening());
  }

  /** Some of everything: pages, reads that the cache has and has not, refusals, a task that fails. */
  async live(): Promise<void> {
    const api = new Api(this.url);
    await api.scrape();
    for (const query of ['', '?limit=5', '?q=the', '']) await api.quotes(query);
    await fetch(`${this.url}/api/v1/nothing/here`);
    await fetch(`${this.url}/api/v1/quotes`, { headers: { authorization: 'Bearer glnr_of_nobody' } });
    const tasks = await fetch(`${this.url}/api/v1/ops/tasks`, { headers: bearer('viewer') });
    await tasks.arrayBuffer();
    await this.sendUnknownTask();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.app.kill('SIGTERM');
    await this.app.exit();
    await this.prometheus.stop();
    await this.environment.dispose();
    await this.site.close();
  }

  /** As an older release might have left one: it fails for good, whoever takes it. */
  private async sendUnknownTask(): Promise<void> {
    const { REDIS_URL = '', REDIS_PREFIX } = this.environment.env;
    const queue = new Bull('default', REDIS_URL, { prefix: `${REDIS_PREFIX}:bull` });
    await queue.add('no.such.task', {});
    await queue.close();
  }
}
