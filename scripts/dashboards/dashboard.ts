import {
  ConstantVariableBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE, panelOf, type PanelSpec } from './panel.ts';

/** A label that can be chosen at the top of a dashboard, and the metric whose values are offered. */
interface VariableSpec {
  label: string;
  metric: string;
}

export interface DashboardSpec {
  /** Its file, and its address in Grafana: `gleaner-<name>`. */
  name: string;
  title: string;
  description: string;
  /** Chosen besides the data source, the job and the instances, which all dashboards have. */
  variables?: readonly VariableSpec[];
  /** Panels by the title of their row. */
  rows: Readonly<Record<string, readonly PanelSpec[]>>;
}

/** Where Grafana of docker/compose.yaml serves docs/runbooks; another one is told here where they are. */
const RUNBOOKS = '/public/runbooks';
const TAG = 'gleaner';
const ALL = { selected: true, text: 'All', value: '$__all' };

/** What Grafana reads. */
export function dashboardOf(spec: DashboardSpec): Dashboard {
  const builder = new DashboardBuilder(`Gleaner / ${spec.title}`)
    .uid(`gleaner-${spec.name}`)
    .description(spec.description)
    .tags([TAG])
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    // What is changed in Grafana would be lost with the next release.
    .readonly()
    .link(
      new DashboardLinkBuilder('Gleaner')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(new ConstantVariableBuilder('runbooks').label('Where runbooks are').value(RUNBOOKS))
    // One installation at a time: the largest of two would be the truth of neither.
    .withVariable(variable('job', 'label_values(gleaner_build_info, job)'));
  for (const { label, query } of choicesOf(spec))
    builder.withVariable(variable(label, query).includeAll(true).allValue('.*').multi(true).current(ALL));
  let id = 0;
  for (const [title, panels] of Object.entries(spec.rows)) {
    builder.withRow(new RowBuilder(title).id(++id));
    for (const panel of panels) builder.withPanel(panelOf(panel, ++id));
  }
  const dashboard = builder.build();
  // The only place that the library knows, and its default, is a menu in which nobody would look.
  for (const link of dashboard.links ?? []) delete link.placement;
  return dashboard;
}

/** What can be chosen of a job, and how Grafana finds what there is to choose. */
export function choicesOf({ variables = [] }: DashboardSpec): { label: string; query: string }[] {
  return [{ label: 'instance', metric: 'gleaner_build_info' }, ...variables].map(({ label, metric }) => ({
    label,
    query: `label_values(${metric}{job=~"$job"}, ${label})`,
  }));
}

function variable(name: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(name[0]!.toUpperCase() + name.slice(1))
    .datasource(DATASOURCE)
    .query({ query, refId: `choose-${name}` })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}
