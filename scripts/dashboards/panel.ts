import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  TooltipDisplayMode,
  SortOrder,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  type DataTransformerConfig,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Alert } from './runbooks.ts';
import { pageOf } from './runbooks.ts';

/** Names of Grafana's units. */
type Unit =
  | 'bool_on_off'
  | 'Bps'
  | 'bytes'
  | 'cps'
  | 'dateTimeFromNow'
  | 'none'
  | 'percentunit'
  | 'reqps'
  | 's'
  | 'short';

/** A panel as data; what is the same for all of its kind is said once, in `panelOf`. */
export interface PanelSpec {
  /** One number, curves over time, or a row for each combination of labels. */
  kind: 'stat' | 'series' | 'table';
  title: string;
  /** What it shows, and what a reader would want to know of it. */
  description: string;
  unit: Unit;
  /** Of columns that have another unit than the others. */
  columnUnits?: Readonly<Record<string, Unit>>;
  /** PromQL by legend, in which `{{label}}` stands for the value of a label; of tables, by the name of the column. */
  queries: Readonly<Record<string, string>>;
  /** From which value on it is orange, and red; `below` if less is worse. */
  thresholds?: { warning?: number; critical?: number; below?: boolean };
  /** Those that fire on what it shows: their runbooks are linked. */
  alerts?: readonly Alert[];
  /** Why it shows nothing in an installation in which all is well. */
  mayBeEmpty?: string;
  /** Columns of 24; by default 4 for numbers, 12 for the others. */
  width?: number;
}

export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

export function panelOf(spec: PanelSpec, id: number): Builder<Panel> {
  const make = { stat, series, table }[spec.kind];
  const builder = make(spec)
    .id(id)
    .title(spec.title)
    .description(spec.description)
    .datasource(DATASOURCE)
    .unit(spec.unit)
    .span(spec.width ?? (spec.kind === 'stat' ? 4 : 12))
    .height(spec.kind === 'stat' ? 4 : 8)
    .thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(stepsOf(spec.thresholds ?? {})),
    );
  return builder.links((spec.alerts ?? []).map((alert) => runbookLink(alert)));
}

function stat(spec: PanelSpec): StatBuilder {
  return new StatBuilder()
    .targets(queriesOf(spec, (query) => query.instant()))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
}

function series(spec: PanelSpec): TimeSeriesBuilder {
  const thresholds = spec.thresholds ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off;
  return new TimeSeriesBuilder()
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(thresholds))
    .targets(queriesOf(spec, (query) => query.range()))
    .fillOpacity(10)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Right)
        .calcs(['mean', 'max', 'lastNotNull'])
        .sortBy('Max')
        .sortDesc(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
}

function table(spec: PanelSpec): TableBuilder {
  const builder = new TableBuilder()
    .targets(queriesOf(spec, (query) => query.instant().format(PromQueryFormat.Table)))
    .transformations(columnsOf(spec));
  for (const [column, value] of Object.entries(spec.columnUnits ?? {}))
    builder.overrideByName(column, [{ id: 'unit', value }]);
  return builder;
}

function queriesOf(
  { queries }: PanelSpec,
  kind: (query: DataqueryBuilder) => DataqueryBuilder,
): Builder<Dataquery>[] {
  return Object.entries(queries).map(([legend, expression], index) =>
    kind(new DataqueryBuilder()).refId(refId(index)).expr(expression).legendFormat(legend),
  );
}

/** One row for each combination of labels, with a column for each query, called as its legend. */
function columnsOf({ queries }: PanelSpec): DataTransformerConfig[] {
  const legends = Object.keys(queries);
  const renameByName = Object.fromEntries(
    legends.map((legend, index) => [legends.length > 1 ? `Value #${refId(index)}` : 'Value', legend]),
  );
  return [
    { id: 'merge', options: {} },
    { id: 'organize', options: { excludeByName: { Time: true }, renameByName } },
  ];
}

const refId = (index: number): string => String.fromCodePoint('A'.codePointAt(0)! + index);

function stepsOf({ warning, critical, below = false }: NonNullable<PanelSpec['thresholds']>): {
  value: number | null;
  color: string;
}[] {
  const bad = [
    ...(warning === undefined ? [] : [{ value: warning, color: 'orange' }]),
    ...(critical === undefined ? [] : [{ value: critical, color: 'red' }]),
  ];
  if (!below) return [{ value: null, color: 'green' }, ...bad];
  // From bottom to top each colour begins where the one that is worse ends.
  const colors = [...bad.map(({ color }) => color).toReversed(), 'green'];
  return [null, ...bad.map(({ value }) => value).toReversed()].map((value, index) => ({
    value,
    color: colors[index]!,
  }));
}

function runbookLink(alert: Alert): DashboardLinkBuilder {
  return new DashboardLinkBuilder(`Runbook: ${alert}`)
    .type(DashboardLinkType.Link)
    .url(`\${runbooks}/${pageOf(alert)}`)
    .targetBlank(true);
}
