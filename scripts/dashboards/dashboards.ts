import { fleetDashboard } from './fleet.js';
import { kaizenDashboard } from './kaizen.js';
import { sessionDashboard } from './session.js';
import { temporalDashboard } from './temporal.js';

const dashboards = { fleet: fleetDashboard, session: sessionDashboard, kaizen: kaizenDashboard, temporal: temporalDashboard };

/** The files of deploy/grafana/dashboards/, by name, as Grafana reads them. */
export function dashboardFiles(): Map<string, string> {
  return new Map(Object.entries(dashboards).map(([name, dashboard]) => [`${name}.json`, `${JSON.stringify(dashboard.build(), null, 2)}\n`]));
}
