import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { DashboardBuilder, RowBuilder, ThresholdsConfigBuilder, ThresholdsMode, type DataSourceRef, type Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Names of the data sources in deploy/grafana/datasources.yaml. */
export const prometheus: DataSourceRef = { type: 'prometheus', uid: 'shim-prometheus' };
export const store: DataSourceRef = { type: 'grafana-postgresql-datasource', uid: 'shim-store' };

/** One panel. It says what it shows in a sentence, in which unit, and from where on that is bad. */
export interface PanelSpec {
  kind: 'stat' | 'timeseries' | 'table';
  title: string;
  description: string;
  /** Grafana's name of a unit: s, bytes, percentunit, short, currencyUSD, dateTimeFromNow. */
  unit: string;
  /** From this value on it is yellow, and red; green below. `rising: false`: red below the first, yellow below the second. */
  thresholds: { warning: number; bad: number; rising?: boolean };
  /** Columns of 24, and rows. */
  width?: number;
  height?: number;
  queries: readonly { expr: string; legend: string }[];
  /** In place of queries: SQL over the outcome store. */
  sql?: string;
}

/** A dashboard of rows of panels. */
export function dashboardOf(about: { uid: string; title: string; description: string; refresh: string; from: string }, rows: readonly { title: string; panels: readonly PanelSpec[] }[]): DashboardBuilder {
  const dashboard = new DashboardBuilder(about.title).uid(about.uid).description(about.description).tags(['shim']).refresh(about.refresh).time({ from: about.from, to: 'now' }).timezone('browser').readonly();
  for (const { title, panels } of rows) {
    dashboard.withRow(new RowBuilder(title));
    for (const panel of panels) dashboard.withPanel(builtFrom(panel));
  }
  return dashboard;
}

function builtFrom(panel: PanelSpec): Builder<Panel> {
  const { title, description, unit, width = 8, height = 7, queries, sql } = panel;
  const builder = panel.kind === 'stat' ? new StatBuilder() : panel.kind === 'table' ? new TableBuilder() : new TimeseriesBuilder();
  builder.title(title).description(description).unit(unit).thresholds(thresholdsOf(panel)).span(width).height(height).datasource(sql === undefined ? prometheus : store);
  for (const [index, { expr, legend }] of queries.entries()) {
    builder.withTarget(new DataqueryBuilder().expr(expr).legendFormat(legend).refId(String.fromCharCode(65 + index)));
  }
  if (sql !== undefined) builder.withTarget(sqlQuery(sql));
  return builder;
}

function thresholdsOf({ thresholds: { warning, bad, rising = true } }: PanelSpec): ThresholdsConfigBuilder {
  const steps = rising
    ? [{ color: 'green', value: null }, { color: 'yellow', value: warning }, { color: 'red', value: bad }]
    : [{ color: 'red', value: null }, { color: 'yellow', value: bad }, { color: 'green', value: warning }];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

/** The SDK has no builder for SQL: this is what Grafana's PostgreSQL source reads. */
function sqlQuery(rawSql: string): Builder<Dataquery> {
  const query = { refId: 'A', datasource: store, rawQuery: true, rawSql, format: 'table', editorMode: 'code', _implementsDataqueryVariant: () => undefined };
  return { build: () => query };
}
