import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../support/project-root.js';

const folder = join(projectRoot(), 'deploy', 'prometheus');
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const hasAmtool = spawnSync('amtool', ['--version']).status === 0;
const promtool = (...argv: string[]) => spawnSync('promtool', argv, { cwd: folder, encoding: 'utf8' });
const alertNames = [...readFileSync(join(folder, 'alert-rules.yml'), 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? '');

describe('the rules of Prometheus', () => {
  it.skipIf(!hasPromtool)('are valid, and so is its configuration', () => {
    expect(promtool('check', 'rules', 'recording-rules.yml', 'alert-rules.yml')).toMatchObject({ status: 0 });
    expect(promtool('check', 'config', 'prometheus.yml')).toMatchObject({ status: 0 });
  });

  it.skipIf(!hasPromtool)('fire where they should, and are silent where they should not fire', () => {
    const { status, stdout, stderr } = promtool('test', 'rules', 'alert-rules.test.yml');
    expect(stdout + stderr).not.toContain('FAILED');
    expect(status).toBe(0);
  });

  it('are each tested both ways', () => {
    const tests = readFileSync(join(folder, 'alert-rules.test.yml'), 'utf8');
    expect(alertNames.length).toBeGreaterThan(10);
    for (const name of alertNames) {
      expect(tests).toMatch(new RegExp(`alertname: ${name}\\n\\s+exp_alerts:\\n`));
      expect(tests).toMatch(new RegExp(`alertname: ${name}, exp_alerts: \\[\\]`));
    }
  });

  it.each(alertNames)('%s links to a section of the runbook that is there', (name) => {
    const rule = readFileSync(join(folder, 'alert-rules.yml'), 'utf8').split(`alert: ${name}\n`)[1] ?? '';
    expect(/runbook_url: (\S+)/.exec(rule)?.[1]).toBe(`docs/runbook.md#${name.toLowerCase()}`);
    expect(readFileSync(join(projectRoot(), 'docs', 'runbook.md'), 'utf8')).toContain(`\n## ${name}\n`);
  });
});

describe("Alertmanager's configuration", () => {
  it.skipIf(!hasAmtool)('is valid', () => {
    expect(spawnSync('amtool', ['check-config', join(projectRoot(), 'deploy', 'alertmanager', 'alertmanager.yml')])).toMatchObject({ status: 0 });
  });
});
