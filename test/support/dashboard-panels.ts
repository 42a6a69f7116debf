/** A panel of a dashboard as Grafana reads it. */
export interface DashboardPanel {
  type: string;
  title: string;
  description: string;
  fieldConfig: { defaults: { unit: string; thresholds: { steps: unknown[] } } };
  targets: { expr?: string; rawSql?: string }[];
}

/** All panels of a dashboard's text, those of collapsed rows included. */
export function panelsOf(text: string): DashboardPanel[] {
  const { panels } = JSON.parse(text) as { panels: (DashboardPanel & { panels?: DashboardPanel[] })[] };
  return panels.flatMap((panel) => (panel.type === 'row' ? (panel.panels ?? []) : [panel]));
}
