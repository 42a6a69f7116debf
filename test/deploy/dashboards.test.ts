import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dashboardFiles } from '../../scripts/dashboards/dashboards.js';
import { panelsOf } from '../support/dashboard-panels.js';
import { projectRoot } from '../support/project-root.js';

const folder = join(projectRoot(), 'deploy', 'grafana', 'dashboards');
const files = [...dashboardFiles()];

describe('the dashboards', () => {
  it('are those that are generated (npm run dashboards)', () => {
    expect(readdirSync(folder).sort()).toEqual(files.map(([name]) => name).sort());
    for (const [name, text] of files) expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
  });

  it.each(files)('of %s have in each panel a title, a description, a unit, thresholds and a query', (_name, text) => {
    const panels = panelsOf(text);
    expect(panels.length).toBeGreaterThan(7);
    for (const panel of panels) {
      expect(panel.title).toMatch(/\S/);
      expect(panel.description).toMatch(/^.{20,}\.$/);
      expect(panel.fieldConfig.defaults.unit).toMatch(/\S/);
      expect(panel.fieldConfig.defaults.thresholds.steps.length).toBe(3);
      expect(panel.targets.length).toBeGreaterThan(0);
    }
  });

  it('have ids of their own', () => {
    const ids = files.map(([, text]) => (JSON.parse(text) as { uid: string }).uid);
    expect(new Set(ids).size).toBe(files.length);
  });
});
