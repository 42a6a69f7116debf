import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboardFiles } from './dashboards.js';

/** Writes the dashboards into deploy/grafana/dashboards/; run it in the project's folder after a change. */
const folder = join('deploy', 'grafana', 'dashboards');
mkdirSync(folder, { recursive: true });
for (const [name, text] of dashboardFiles()) writeFileSync(join(folder, name), text);
console.log(`${dashboardFiles().size} dashboards in ${folder}`);
