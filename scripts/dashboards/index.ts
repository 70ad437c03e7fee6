/**
 * Grafana's dashboards as typed data. What Grafana reads, docker/grafana/dashboards/*.json, is written from it by
 * `npx vitest run --project unit scripts/dashboards -u`.
 *
 * `promql.ts` says how our metrics are asked for, `panel.ts` and `dashboard.ts` what all panels and dashboards have in
 * common, and a file each what a dashboard shows.
 */
import { apiAndCache } from './api-and-cache.ts';
import type { DashboardSpec } from './dashboard.ts';
import { infrastructure } from './infrastructure.ts';
import { overview } from './overview.ts';
import { queuesAndWorkers } from './queues-and-workers.ts';
import { scraping } from './scraping.ts';
import { tasks } from './tasks.ts';

export { choicesOf, dashboardOf, type DashboardSpec } from './dashboard.ts';
export type { PanelSpec } from './panel.ts';
export { pageOf } from './runbooks.ts';

export const DASHBOARDS: readonly DashboardSpec[] = [
  overview,
  tasks,
  queuesAndWorkers,
  scraping,
  apiAndCache,
  infrastructure,
];
